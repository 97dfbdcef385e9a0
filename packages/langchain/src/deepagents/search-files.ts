import { SandboxError } from "@llm-sandbox/core";
import type { FileEntry, SessionFiles } from "@llm-sandbox/core";
import type { FileInfo, GrepMatch } from "deepagents";

/** Largest file that is searched, in bytes. */
const mostBytes = 10 * 1_048_576;

interface Cancel {
  readonly signal?: AbortSignal;
}

/** A folder's entries as deepagents lists them; none where there is no such folder. */
export async function listFolder(files: SessionFiles, path: string, cancel: Cancel): Promise<FileInfo[]> {
  const base = baseOf(files, path);
  const entries = await entriesOf(files, path, false, cancel);
  return entries.map((entry) =>
    infoOf(entry, `${base}/${entry.path}${entry.type === "directory" ? "/" : ""}`),
  );
}

/** What lies below a folder and fits the pattern, by paths relative to it: `*` and `?` stay within a folder's name, `**` does not. */
export async function findByGlob(
  files: SessionFiles,
  pattern: string,
  path: string,
  cancel: Cancel,
): Promise<FileInfo[]> {
  const expression = globExpression(pattern);
  const entries = await entriesOf(files, path, true, cancel);
  return entries.filter((entry) => expression.test(entry.path)).map((entry) => infoOf(entry, entry.path));
}

/** The lines that hold the text, in a file or in the text files below a folder whose names fit `glob`. */
export async function findLines(
  files: SessionFiles,
  text: string,
  path: string,
  glob: string | null,
  cancel: Cancel,
): Promise<GrepMatch[]> {
  const name = glob === null ? /(?:)/ : globExpression(glob);
  const matches: GrepMatch[] = [];
  for (const file of await filesBelow(files, path, cancel)) {
    if (!name.test(file.slice(file.lastIndexOf("/") + 1))) continue;
    const content = await contentOf(files, file, cancel);
    for (const [index, line] of content.split("\n").entries()) {
      if (line.includes(text)) matches.push({ path: file, line: index + 1, text: line });
    }
  }
  return matches;
}

async function filesBelow(files: SessionFiles, path: string, cancel: Cancel): Promise<string[]> {
  const base = baseOf(files, path);
  try {
    if ((await files.stat(path, cancel)).type === "file") return [base];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const entries = await entriesOf(files, path, true, cancel);
  return entries.filter(({ type }) => type === "file").map((entry) => `${base}/${entry.path}`);
}

/** A file's text; nothing of one that is binary, too large or not to be read, as grep passes over it. */
async function contentOf(files: SessionFiles, path: string, cancel: Cancel): Promise<string> {
  try {
    const content = await files.readFile(path, { ...cancel, maxBytes: mostBytes });
    return content.includes(0) ? "" : content.toString("utf8");
  } catch (error) {
    if (isMissing(error)) return "";
    throw error;
  }
}

async function entriesOf(
  files: SessionFiles,
  path: string,
  recursive: boolean,
  cancel: Cancel,
): Promise<readonly FileEntry[]> {
  try {
    return await files.list(path, { recursive, ...cancel });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

const missingCodes: ReadonlySet<string> = new Set([
  "FILE_NOT_FOUND",
  "FILE_TOO_LARGE",
  "NOT_A_DIRECTORY",
  "NOT_A_FILE",
  "PERMISSION_DENIED",
]);

function isMissing(error: unknown): boolean {
  return SandboxError.is(error) && missingCodes.has(error.code);
}

function baseOf(files: SessionFiles, path: string): string {
  return files.resolve(path).replace(/\/$/, "");
}

function infoOf({ type, size, modifiedAt }: FileEntry, path: string): FileInfo {
  return { path, is_dir: type === "directory", size, modified_at: modifiedAt.toISOString() };
}

/** What a glob pattern fits. */
export function globExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*\*\/|\*\*|\*|\?|\[[^\]]+\]|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.length > 1 ? part.replace(/^\[!/, "[^") : `\\${part}`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    // A class such as [z-a], which nothing fits.
    return /(?!)/;
  }
}
