import { FrameError } from "./frame.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A JSON object from the peer, with no inherited properties, so that nothing in it can be mistaken for ours. */
export type Message = Readonly<Record<string, unknown>>;

/** Levels of nesting in a message: programs that walk a deeper one recursively would run out of stack. */
const mostLevels = 512;

/** Reads one JSON object; anything else is a FrameError. */
export function decodeMessage(payload: Uint8Array): Message {
  if (isTooDeep(payload)) throw new FrameError(`A message is nested deeper than ${mostLevels} levels.`);
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

/** What a Date can hold: 100 million days on either side of 1970 (ECMAScript, "Time Values and Time Range"). */
const furthestMs = 8.64e15;

/** A moment in a field, in milliseconds since 1970, or null where it is absent or null. Programs date files as they like. */
export function dateField(message: Message, name: string): Date | null {
  const value = message[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new FrameError(`The field ${name} is not a number.`);
  }
  return new Date(Math.min(furthestMs, Math.max(-furthestMs, value)));
}

/** A well-formed string of at most `most` characters in a field, or null where it is absent or null. */
export function stringField(message: Message, name: string, most = 65_536): string | null {
  const value = message[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || value.length > most) {
    throw new FrameError(`The field ${name} is not a string of at most ${most} characters.`);
  }
  return value.toWellFormed();
}

function isTooDeep(json: Uint8Array): boolean {
  if (json.length <= mostLevels) return false;
  let level = 0;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === quote) at = endOfString(json, at);
    else if (byte === 0x5b || byte === 0x7b) level += 1;
    else if (byte === 0x5d || byte === 0x7d) level -= 1;
    if (level > mostLevels) return true;
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;

/** The position of the quote that ends a string. */
function endOfString(json: Uint8Array, start: number): number {
  for (let end = json.indexOf(quote, start + 1); end >= 0; end = json.indexOf(quote, end + 1)) {
    let escapes = 0;
    while (json[end - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return json.length;
}
