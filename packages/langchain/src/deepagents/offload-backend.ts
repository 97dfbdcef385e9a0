import type {
  DeleteResult,
  FileDownloadResponse,
  FileUploadResponse,
  GlobResult,
  GrepResult,
  LsResult,
  ReadResult,
} from "deepagents";
import { BoxBackend } from "./box-backend.ts";
import { asNamed, inBox, isOffloaded } from "./offload-folders.ts";

/** A box in which deepagents can save what is too long for the model: file operations find its folders by their names. */
export class OffloadBackend extends BoxBackend {
  override async read(filePath: string, offset?: number, limit?: number): Promise<ReadResult> {
    return named(await super.read(inBox(filePath), offset, limit), filePath);
  }

  override async delete(filePath: string): Promise<DeleteResult> {
    const result = named(await super.delete(inBox(filePath)), filePath);
    return result.path === undefined ? result : { ...result, path: filePath };
  }

  override async ls(path: string): Promise<LsResult> {
    const result = await super.ls(inBox(path));
    if (path !== "/") return isOffloaded(path) ? withNames(result, "files") : result;
    const { files = [] } = withNames(await super.ls("/tmp"), "files");
    const offloaded = files.filter((info) => isOffloaded(info.path));
    return { ...result, files: [...(result.files ?? []), ...offloaded] };
  }

  override async glob(pattern: string, path?: string): Promise<GlobResult> {
    return super.glob(pattern, path === undefined ? undefined : inBox(path));
  }

  override async grep(
    pattern: string,
    path = "/",
    glob: string | null = null,
    maxCount: number | null = null,
  ): Promise<GrepResult> {
    const result = await super.grep(pattern, inBox(path), glob, maxCount);
    return path === "/" || isOffloaded(path) ? withNames(result, "matches") : result;
  }

  override async uploadFiles(files: [string, Uint8Array][]): Promise<FileUploadResponse[]> {
    const responses = await super.uploadFiles(files.map(([path, content]) => [placeOf(path), content]));
    return responses.map((response, index) => ({ ...response, path: files[index]![0] }));
  }

  override async downloadFiles(paths: string[]): Promise<FileDownloadResponse[]> {
    const responses = await super.downloadFiles(paths.map(placeOf));
    return responses.map((response, index) => ({ ...response, path: paths[index]! }));
  }
}

/** Of something that is no path, itself: what is wrong with it is told as with any other. */
function placeOf(path: string): string {
  return typeof path === "string" ? inBox(path) : path;
}

/** The result, whose error speaks of the path that was asked for. */
function named<Result extends { error?: string }>(result: Result, path: string): Result {
  if (result.error === undefined || !isOffloaded(path)) return result;
  return { ...result, error: result.error.replaceAll(inBox(path), path) };
}

/** The result, with the names of the places that it lists. */
function withNames<Key extends string, Result extends { [key in Key]?: { path: string }[] }>(
  result: Result,
  key: Key,
): Result {
  const found = result[key]?.map((entry) => ({ ...entry, path: asNamed(entry.path) }));
  return found ? { ...result, [key]: found } : result;
}
