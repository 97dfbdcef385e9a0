import { Buffer } from "node:buffer";
import { Console } from "node:console";
import { Readable, Writable } from "node:stream";
import { readInput } from "./node-files.ts";
import { sendData } from "./wire.ts";

const pieceBytes = 65_536;
const longestNapMs = 20;

/** Standard output or error: whatever was written is sent when `write` returns. */
function output(descriptor: 1 | 2): Writable {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, callback) {
      sendData(descriptor, chunk);
      callback();
    },
  });
  return Object.assign(stream, { fd: descriptor, _type: "pipe", _isStdio: true });
}

/** Standard input: looks whether something has come, ever more rarely while nothing does. */
function input(): Readable {
  let napMs = 1;
  const stream = new Readable({
    highWaterMark: pieceBytes,
    read() {
      const look = (): void => {
        const data = readInput(0, pieceBytes, 0);
        if (data === "pending") {
          napMs = Math.min(napMs * 2, longestNapMs);
          setTimeout(look, napMs);
          return;
        }
        napMs = 1;
        stream.push(data.length === 0 ? null : Buffer.from(data));
      };
      look();
    },
  });
  return Object.assign(stream, { fd: 0 });
}

/** Gives a process its standard streams and the console that writes to them. */
export function useStreams(process: object): void {
  const stdout = output(1);
  const stderr = output(2);
  let stdin: Readable | undefined;
  const define = (name: string, get: () => unknown): void => {
    Object.defineProperty(process, name, { get, configurable: true, enumerable: true });
  };
  define("stdout", () => stdout);
  define("stderr", () => stderr);
  define("stdin", () => (stdin ??= input()));
  const console = new Console({ stdout, stderr });
  Object.defineProperty(globalThis, "console", { value: console, writable: true, configurable: true });
}
