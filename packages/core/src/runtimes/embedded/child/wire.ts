import { deno } from "./deno.ts";

/** Kinds of frames that a child sends: u32 length, u8 kind, payload. */
export const ChildFrame = { stdout: 1, stderr: 2, structured: 3, call: 4, ready: 5 } as const;

/** What the other side answers: an object and bytes. */
export interface Reply {
  readonly value: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array;
}

/** A call that failed on the other side, by its errno name. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const nothing = new Uint8Array();
const mostDataBytes = 65_536;

// User code runs in this realm: what is needed here is taken before it can be changed.
const { parse, stringify } = JSON;
const readSync = deno.stdin.readSync.bind(deno.stdin);
const writeSync = deno.stdout.writeSync.bind(deno.stdout);

let muffled = false;

/** Does something whose output is nobody's. */
export function withoutOutput<Value>(work: () => Value): Value {
  muffled = true;
  try {
    return work();
  } finally {
    muffled = false;
  }
}

/** Sends output of the program. Blocks until it is taken. */
export function sendData(kind: 1 | 2 | 3, bytes: Uint8Array): void {
  if (muffled) return;
  for (let start = 0; start < bytes.length; start += mostDataBytes) {
    sendFrame(kind, [bytes.subarray(start, start + mostDataBytes)]);
  }
}

export function sendReady(): void {
  sendFrame(ChildFrame.ready, []);
}

/** Asks the other side for something and blocks until it answers; throws its CallError. */
export function call(request: object, data: Uint8Array = nothing): Reply {
  const json = encoder.encode(stringify(request));
  sendFrame(ChildFrame.call, [uint32(json.length), json, data]);
  const head = read(8);
  const view = new DataView(head.buffer);
  const jsonBytes = view.getUint32(4);
  const body = read(view.getUint32(0) - 4);
  const value = parse(decoder.decode(body.subarray(0, jsonBytes))) as Record<string, unknown>;
  const error = value["error"] as { code: string; message: string } | undefined;
  if (error) throw new CallError(error.code, error.message);
  return { value, data: body.subarray(jsonBytes) };
}

/** Ends this process; what it was is known before its memory is given back. */
export function leave(code: number): never {
  call({ op: "exit", code });
  return deno.exit(code);
}

function sendFrame(kind: number, parts: readonly Uint8Array[]): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const frame = new Uint8Array(5 + length);
  new DataView(frame.buffer).setUint32(0, length);
  frame[4] = kind;
  let position = 5;
  for (const part of parts) {
    frame.set(part, position);
    position += part.length;
  }
  for (let sent = 0; sent < frame.length;) sent += writeSync(frame.subarray(sent));
}

function read(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const count = readSync(bytes.subarray(filled));
    // The program that started this one has gone.
    if (count === null || count === 0) deno.exit(0);
    filled += count;
  }
  return bytes;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
