import path from "node:path";
import { endWith } from "./endings.ts";
import { take } from "./spawn.ts";
import { sessionFiles } from "./wasi-places.ts";
import { wasiFunctions } from "./wasi.ts";
import { call, leave, sendData } from "./wire.ts";

const encoder = new TextEncoder();

/** Waits for a program of WebAssembly that lies in the session's files, and becomes it. */
export async function beProgram(): Promise<void> {
  const { argv, env, cwd, mostOpenFiles } = take(() => false);
  const module = compiled(path.resolve(cwd, argv[0]!));
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(module, {
      wasi_snapshot_preview1: wasiFunctions({
        argv,
        env: { ...env, PWD: cwd },
        mostOpenFiles: () => mostOpenFiles,
        memory: () => instance.exports["memory"] as WebAssembly.Memory,
        exit: endWith,
      }),
    });
    (instance.exports["_start"] as () => void)();
  } catch (error) {
    dieOf(error);
  }
  leave(0);
}

function compiled(file: string): WebAssembly.Module {
  const { size } = sessionFiles.stat(file, true);
  const opened = sessionFiles.open(file, {
    write: false,
    create: false,
    exclusive: false,
    truncate: false,
    append: false,
    directory: false,
    follow: true,
  });
  const bytes = new Uint8Array(size);
  for (let filled = 0; filled < size;) {
    const piece = opened.read!(size - filled);
    if (piece.length === 0) break;
    bytes.set(piece, filled);
    filled += piece.length;
  }
  opened.close!();
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    sendData(2, encoder.encode(`${file}: cannot execute: ${(error as Error).message.split("\n", 1)[0]}\n`));
    return leave(126);
  }
}

/** A trap is what a native program would get a signal for. */
function dieOf(error: unknown): never {
  const message = String((error as Error)?.message ?? error).split("\n", 1)[0]!;
  const say = (words: string): void => sendData(2, encoder.encode(`${words}\n`));
  let signal = "SIGSEGV";
  if (error instanceof WebAssembly.LinkError || error instanceof TypeError) {
    say(`this program needs what this sandbox does not have: ${message.slice(0, 300)}`);
    return leave(126);
  }
  if (error instanceof RangeError) say("stack overflow: the program calls itself too deep");
  else if (/divide|remainder|integer overflow|unrepresentable/.test(message)) signal = "SIGFPE";
  else if (/unreachable/.test(message)) signal = "SIGILL";
  else if (!(error instanceof WebAssembly.RuntimeError)) signal = "SIGABRT";
  call({ op: "die", signal });
  return leave(134);
}
