/** Kinds of frames that a child sends (child/wire.ts). */
export const ChildFrame = { stdout: 1, stderr: 2, structured: 3, call: 4, ready: 5 } as const;

export interface ChildFrameOf {
  readonly kind: number;
  readonly payload: Buffer;
}

/** What a child asks. */
export interface ChildCall {
  readonly request: Readonly<Record<string, unknown>>;
  readonly data: Buffer;
}

const headBytes = 5;
/** A file's piece of a mebibyte and the request around it. */
const mostPayloadBytes = 2 * 1_048_576;

/** The child sent what no child of ours sends: it is hostile, and is ended. */
export class ChildFrameError extends Error {
  override readonly name = "ChildFrameError";
}

/** Cuts a child's output into frames; holds at most one. Throws ChildFrameError for what cannot be one. */
export class ChildFrames {
  #pending: Buffer[] = [];
  #bytes = 0;

  *push(chunk: Buffer): Generator<ChildFrameOf, void, undefined> {
    this.#pending.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= headBytes) {
      const head = this.#peek();
      const length = head.readUInt32BE(0);
      if (length > mostPayloadBytes) throw new ChildFrameError(`A frame of ${length} bytes.`);
      if (this.#bytes < headBytes + length) return;
      const all = this.#joined();
      const payload = all.subarray(headBytes, headBytes + length);
      const rest = all.subarray(headBytes + length);
      this.#pending = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
      yield { kind: head[4]!, payload };
    }
  }

  #peek(): Buffer {
    const first = this.#pending[0]!;
    return first.length >= headBytes ? first : this.#joined();
  }

  #joined(): Buffer {
    if (this.#pending.length > 1) this.#pending = [Buffer.concat(this.#pending)];
    return this.#pending[0]!;
  }
}

/** Reads a call. */
export function decodeCall(payload: Buffer): ChildCall {
  const jsonBytes = payload.length >= 4 ? payload.readUInt32BE(0) : -1;
  if (jsonBytes < 0 || 4 + jsonBytes > payload.length) throw new ChildFrameError("A call without a request.");
  let request: unknown;
  try {
    request = JSON.parse(payload.toString("utf8", 4, 4 + jsonBytes));
  } catch (cause) {
    throw new ChildFrameError("A call that is not JSON.", { cause });
  }
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw new ChildFrameError("A call that is no object.");
  }
  return {
    request: Object.assign(Object.create(null) as ChildCall["request"], request),
    data: payload.subarray(4 + jsonBytes),
  };
}

/** What a child reads as the answer. */
export function encodeReply(value: object, data: Uint8Array = new Uint8Array()): Buffer {
  const json = Buffer.from(JSON.stringify(value), "utf8");
  const reply = Buffer.allocUnsafe(8 + json.length + data.length);
  reply.writeUInt32BE(4 + json.length + data.length, 0);
  reply.writeUInt32BE(json.length, 4);
  reply.set(json, 8);
  reply.set(data, 8 + json.length);
  return reply;
}
