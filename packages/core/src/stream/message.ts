import { FrameError } from "./frame.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A JSON object from the peer, with no inherited properties, so that nothing in it can be mistaken for ours. */
export type Message = Readonly<Record<string, unknown>>;

/** Reads one JSON object; anything else is a FrameError. */
export function decodeMessage(payload: Uint8Array): Message {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch (cause) {
    throw new FrameError("A message is not JSON in UTF-8.", { cause });
  }
  return asMessage(value);
}

/** The value as an object without a prototype; FrameError if it is not an object. */
export function asMessage(value: unknown): Message {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FrameError("A message is not a JSON object.");
  }
  return Object.assign(Object.create(null) as object, value) as Message;
}

/** A finite number ≥ 0 in a field, or null where it is absent or null. */
export function numberField(message: Message, name: string): number | null {
  const value = message[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new FrameError(`The field ${name} is not a number from 0.`);
  }
  return value;
}

/** A string of at most `most` characters in a field, or null where it is absent or null. */
export function stringField(message: Message, name: string, most = 65_536): string | null {
  const value = message[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || value.length > most) {
    throw new FrameError(`The field ${name} is not a string of at most ${most} characters.`);
  }
  return value;
}
