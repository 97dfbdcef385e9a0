/** Frame types of the agent protocol (docs/protocol.md). */
export const FrameType = {
  hello: 1,
  open: 2,
  data: 3,
  end: 4,
  credit: 5,
  event: 6,
  result: 7,
  control: 8,
  close: 9,
  ping: 10,
  pong: 11,
  goodbye: 12,
} as const;

/** Bytes before the payload: u32 length, u8 type, u32 channel. */
export const headerBytes = 9;
/** Largest payload either side may send. */
export const maxPayloadBytes = 1_048_576;
/** Most data bytes in one DATA frame, the stream byte not counted. */
export const maxDataBytes = 65_536;
/** Most channels that may ever be opened on one connection. */
export const maxChannel = 0xffff_ffff;

/** One frame as it is on the wire. */
export interface Frame {
  readonly type: number;
  readonly channel: number;
  /** The stream of a DATA frame; 0 for every other type. */
  readonly stream: number;
  /** Of a DATA frame the data, without the stream byte. */
  readonly payload: Uint8Array;
}

/** The peer broke the protocol; the session that sees it ends its box. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** The bytes of one frame. Throws FrameError for what no peer may send. */
export function encodeFrame(type: number, channel: number, payload: Uint8Array): Buffer {
  if (payload.length > maxPayloadBytes) {
    throw new FrameError(`A payload of ${payload.length} bytes is over ${maxPayloadBytes}.`);
  }
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  writeHeader(frame, 0, { type, channel, length: payload.length });
  frame.set(payload, headerBytes);
  return frame;
}

/** The bytes of one frame whose payload is JSON. */
export function encodeJson(type: number, channel: number, value: object): Buffer {
  return encodeFrame(type, channel, Buffer.from(JSON.stringify(value), "utf8"));
}

/** What a DATA frame says. */
export interface DataFrame {
  readonly channel: number;
  readonly stream: number;
  readonly data: Uint8Array;
}

/** How many bytes the DATA frame of these data has. */
export function dataFrameBytes(data: Uint8Array): number {
  return headerBytes + 1 + data.length;
}

/** The bytes of one DATA frame: a stream number and its data. */
export function encodeData(channel: number, stream: number, data: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(dataFrameBytes(data));
  putDataFrame(frame, 0, { channel, stream, data });
  return frame;
}

/** Writes a DATA frame into memory that has room for it at `at`. */
export function putDataFrame(memory: Buffer, at: number, { channel, stream, data }: DataFrame): void {
  writeHeader(memory, at, { type: FrameType.data, channel, length: data.length + 1 });
  memory[at + headerBytes] = stream;
  memory.set(data, at + headerBytes + 1);
}

/** The bytes of one END frame. */
export function encodeEnd(channel: number, stream: number): Buffer {
  return encodeFrame(FrameType.end, channel, Uint8Array.of(stream));
}

/** The bytes of one CREDIT frame. */
export function encodeCredit(channel: number, stream: number, bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(5);
  payload[0] = stream;
  payload.writeUInt32BE(bytes, 1);
  return encodeFrame(FrameType.credit, channel, payload);
}

interface Header {
  readonly type: number;
  readonly channel: number;
  /** Of the payload. */
  readonly length: number;
}

function writeHeader(memory: Buffer, at: number, { type, channel, length }: Header): void {
  memory.writeUInt32BE(length, at);
  memory[at + 4] = type;
  memory.writeUInt32BE(channel, at + 5);
}
