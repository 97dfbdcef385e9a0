import { call, leave } from "./wire.ts";

/** What a program of WebAssembly ends with in place of a code from 0 to 255 (ruby-start.rb, ../cpp-runtime/ending.h). */
const endings = { outOfMemory: 0x1000, signal: 0x2000 } as const;

/** Ends this process as its program says: by a code, by a signal, or for want of memory. */
export function endWith(code: number): never {
  if (code === endings.outOfMemory) call({ op: "out-of-memory" });
  if (code > endings.signal && code < endings.signal + 128) {
    call({ op: "die", signal: code - endings.signal });
  }
  return leave(code & 0xff);
}
