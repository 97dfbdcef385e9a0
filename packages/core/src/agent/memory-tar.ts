import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MemoryFileError } from "./memory-files.ts";
import type { MemoryFiles } from "./memory-files.ts";

/** A tar of what is below a path, or of the one file. */
export async function packTree(
  files: MemoryFiles,
  path: string,
): Promise<{ readonly archive: Readable; entries: number }> {
  // Loaded when it is used, as everywhere: it takes as long as all of the rest.
  const { pack } = await import("tar-stream");
  const archive = pack();
  const node = files.node(path);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const entries = node.type === "directory" ? files.list(path, true) : [{ path: name, node }];
  for (const entry of entries) {
    const header = { name: entry.path, mode: entry.node.mode, mtime: new Date(entry.node.mtimeMs) };
    if (entry.node.type === "file") archive.entry(header, entry.node.content);
    else if (entry.node.type === "directory") archive.entry({ ...header, type: "directory" });
    else archive.entry({ ...header, type: "symlink", linkname: entry.node.target });
  }
  archive.finalize();
  return { archive: archive as unknown as Readable, entries: entries.length };
}

/** Unpacks a tar into a folder of the tree; `EARCHIVE` for what would leave it or is neither file, folder nor link. */
export async function unpackTree(
  files: MemoryFiles,
  path: string,
  source: AsyncIterable<Uint8Array>,
): Promise<number> {
  const { extract } = await import("tar-stream");
  const extraction = extract();
  let entries = 0;
  const filling = pipeline(source, extraction);
  filling.catch(() => {});
  for await (const entry of extraction) {
    const { name, type, mode, linkname } = entry.header;
    const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
    if (name.startsWith("/") || segments.includes("..")) throw hostile(name);
    const target = [path, ...segments].join("/");
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of entry as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > files.maxBytes) throw new MemoryFileError("ENOSPC", name, "no space left on the device");
      chunks.push(chunk);
    }
    if (type === "directory") files.makeFolder(target);
    else if (type === "symlink") files.link(target, linkname ?? "");
    else if (type === "file") files.write(target, Buffer.concat(chunks), mode);
    else throw hostile(name);
    entries += 1;
  }
  await filling;
  return entries;
}

function hostile(name: string): MemoryFileError {
  return new MemoryFileError("EARCHIVE", name, `the entry ${JSON.stringify(name)} is not one to unpack`);
}
