import { MemoryFileError } from "../../agent/memory-files.ts";
import type { ChildCall } from "./child-frames.ts";
import type { OpenFlags, ProgramFiles } from "./program-files.ts";

export interface Answer {
  readonly value: object;
  readonly data?: Uint8Array;
}

type FileCall = (files: ProgramFiles, call: ChildCall) => object | Answer | void;

/** What programs do with files, by the name of the call. Each throws a MemoryFileError. */
const calls: Readonly<Record<string, FileCall>> = {
  stat: (files, call) => files.stat(text(call, "path"), call.request["follow"] !== false),
  list: (files, call) => ({ entries: files.list(text(call, "path")) }),
  mkdir: (files, call) => files.makeFolder(text(call, "path"), number(call, "mode", 0o755)),
  unlink: (files, call) => files.removeFile(text(call, "path")),
  rmdir: (files, call) => files.removeFolder(text(call, "path")),
  rename: (files, call) => files.rename(text(call, "from"), text(call, "to")),
  symlink: (files, call) => files.link(text(call, "target"), text(call, "path")),
  readlink: (files, call) => ({ target: files.readLink(text(call, "path")) }),
  realpath: (files, call) => ({ path: files.realPath(text(call, "path")) }),
  chmod: (files, call) => files.changeMode(text(call, "path"), number(call, "mode", 0o644)),
  utime: (files, call) => files.changeTime(text(call, "path"), number(call, "mtimeMs", 0)),
  open: (files, call) => {
    const flags = (call.request["flags"] ?? {}) as OpenFlags;
    return { handle: files.open(text(call, "path"), flags, number(call, "mode", 0o644)) };
  },
  close: (files, call) => files.close(number(call, "handle")),
  fstat: (files, call) => files.statusOfOpen(number(call, "handle")),
  read: (files, call) => ({
    value: {},
    data: files.read(number(call, "handle"), number(call, "position"), number(call, "length")),
  }),
  write: (files, call) => ({
    position: files.write(number(call, "handle"), number(call, "position"), call.data),
  }),
  resize: (files, call) => files.resize(number(call, "handle"), number(call, "size")),
};

/** Answers a call on files, or returns undefined when it is another. */
export function answerFileCall(files: ProgramFiles, call: ChildCall): Answer | undefined {
  const operation = String(call.request["op"]);
  if (!Object.hasOwn(calls, operation)) return undefined;
  const answer = calls[operation]!(files, call) ?? {};
  return "data" in answer && "value" in answer ? (answer as Answer) : { value: answer };
}

function text(call: ChildCall, name: string): string {
  const value = call.request[name];
  if (typeof value === "string") return value.toWellFormed();
  throw new MemoryFileError("EINVAL", "", `a call without ${name}`);
}

function number(call: ChildCall, name: string, otherwise?: number): number {
  const value = call.request[name] ?? otherwise;
  if (typeof value === "number") return value;
  throw new MemoryFileError("EINVAL", "", `a call without ${name}`);
}
