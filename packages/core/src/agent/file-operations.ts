import type { Message } from "../stream/message.ts";
import type { AgentChannel } from "./agent-channel.ts";
import { MemoryFileError } from "./memory-files.ts";
import type { MemoryFiles, MemoryNode } from "./memory-files.ts";
import { packTree, unpackTree } from "./memory-tar.ts";

type FileOperation = (
  channel: AgentChannel,
  request: Message,
  files: MemoryFiles,
) => object | Promise<object>;

/** The fields that each operation takes beside `op`; any other is answered with `EPROTO`. */
export const operationFields: Readonly<Record<string, readonly string[]>> = {
  spawn: ["argv", "env", "cwd", "stdin", "structured", "timeoutMs", "from"],
  prepare: ["name", "kind", "argv", "env"],
  read: ["path", "offset", "maxBytes"],
  write: ["path", "mode", "parents", "append", "exclusive"],
  list: ["path", "recursive", "maxEntries"],
  stat: ["path"],
  remove: ["path", "recursive", "missingOk"],
  mkdir: ["path", "parents", "mode"],
  rename: ["from", "to"],
  pack: ["path", "maxBytes", "maxEntries"],
  unpack: ["path", "maxBytes", "maxEntries", "links"],
};

/** The file operations of the protocol on a tree in memory: each returns its RESULT or throws a MemoryFileError. */
export const fileOperations: Readonly<Record<string, FileOperation>> = {
  async read(channel, request, files) {
    const content = files.read(pathOf(request)).subarray(numberOf(request, "offset", 0));
    withinLimit(request, "maxBytes", content.length);
    await channel.send(1, content);
    channel.end(1);
    return { bytes: content.length };
  },

  async write(channel, request, files) {
    const path = pathOf(request);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of channel.input(0)) {
      bytes += chunk.length;
      if (bytes > files.maxBytes) throw new MemoryFileError("ENOSPC", path, "no space left on the device");
      chunks.push(chunk);
    }
    if (channel.cancelled.aborted) throw new MemoryFileError("ECANCELED", path, "cancelled");
    if (isLink(files, path)) throw new MemoryFileError("ELOOP", path, "that is a link");
    if (request["exclusive"] && exists(files, path)) throw new MemoryFileError("EEXIST", path, "it exists");
    if (!request["parents"]) files.list(path.slice(0, path.lastIndexOf("/")) || "/");
    const before = request["append"] && exists(files, path) ? [files.read(path)] : [];
    files.write(path, Buffer.concat([...before, ...chunks]), numberOf(request, "mode", 0o644));
    return { bytes };
  },

  async list(channel, request, files) {
    const found = files.list(pathOf(request), request["recursive"] === true);
    withinLimit(request, "maxEntries", found.length);
    for (const { path, node } of found) {
      await channel.send(1, Buffer.from(`${JSON.stringify(entryOf(path, node))}\n`, "utf8"));
    }
    channel.end(1);
    return { entries: found.length };
  },

  stat: (_channel, request, files) => entryOf(pathOf(request), files.node(pathOf(request))),

  remove(_channel, request, files) {
    const path = pathOf(request);
    if (request["missingOk"] && !exists(files, path)) return { removed: 0 };
    return { removed: files.remove(path, request["recursive"] === true) };
  },

  mkdir: (_channel, request, files) => ({
    created: files.makeFolder(pathOf(request), request["parents"] === true),
  }),

  rename(_channel, request, files) {
    files.rename(String(request["from"]), String(request["to"]));
    return {};
  },

  async pack(channel, request, files) {
    const path = pathOf(request);
    const { archive, entries } = await packTree(files, path);
    withinLimit(request, "maxEntries", entries);
    for await (const chunk of archive as AsyncIterable<Uint8Array>) {
      if (channel.cancelled.aborted) break;
      await channel.send(1, chunk);
      withinLimit(request, "maxBytes", channel.sent[1] ?? 0);
    }
    channel.end(1);
    return { entries, skipped: 0 };
  },

  async unpack(channel, request, files) {
    return { entries: await unpackTree(files, pathOf(request), channel.input(0)) };
  },
};

function entryOf(path: string, node: MemoryNode): object {
  const { type, mode, mtimeMs } = node;
  const size = node.type === "file" ? node.size : 0;
  return { path, type, size, mode, mtimeMs, ...(node.type === "symlink" ? { target: node.target } : {}) };
}

function exists(files: MemoryFiles, path: string): boolean {
  return nodeAt(files, path) !== undefined;
}

function isLink(files: MemoryFiles, path: string): boolean {
  return nodeAt(files, path)?.type === "symlink";
}

function nodeAt(files: MemoryFiles, path: string): MemoryNode | undefined {
  try {
    return files.node(path);
  } catch (error) {
    if (error instanceof MemoryFileError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function withinLimit(request: Message, name: string, amount: number): void {
  if (amount <= numberOf(request, name, Infinity)) return;
  throw new MemoryFileError("ETOOBIG", pathOf(request), `that is over ${name}`);
}

function pathOf(request: Message): string {
  return String(request["path"]);
}

function numberOf(request: Message, name: string, otherwise: number): number {
  const value = request[name];
  return typeof value === "number" ? value : otherwise;
}
