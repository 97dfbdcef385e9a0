import { expect, test } from "vitest";
import { FrameError } from "./frame.ts";
import { asMessage, dateField, decodeMessage, numberField, stringField } from "./message.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

test("a JSON object is read, with no prototype", () => {
  const message = decodeMessage(bytes('{"a":1,"b":{"c":"é"}}'));
  expect(message["a"]).toBe(1);
  expect(Object.getPrototypeOf(message)).toBeNull();
  expect(message["toString"]).toBeUndefined();
});

test.each([
  ["nothing", ""],
  ["half an object", '{"a":'],
  ["a list", "[1]"],
  ["null", "null"],
  ["a number", "5"],
  ["a byte-order mark", '\uFEFF{"a":1}'],
  ["two objects", "{}{}"],
])("%s is a FrameError", (_name, text) => {
  expect(() => decodeMessage(bytes(text))).toThrow(FrameError);
});

test("bytes that are not UTF-8 are a FrameError", () => {
  expect(() => decodeMessage(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toThrow(FrameError);
});

test("__proto__ is a name like any other and changes nothing", () => {
  const message = decodeMessage(bytes('{"__proto__":{"polluted":true},"constructor":1}'));
  expect(Object.keys(message)).toEqual(["__proto__", "constructor"]);
  expect((message as { polluted?: boolean }).polluted).toBeUndefined();
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("nesting is bounded, and brackets within strings are not nesting", () => {
  const nested = (levels: number): string => `{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  expect(decodeMessage(bytes(nested(500)))["a"]).toBeDefined();
  expect(() => decodeMessage(bytes(nested(600)))).toThrow(FrameError);
  expect(() => decodeMessage(bytes(nested(400_000)))).toThrow(FrameError);
  const text = `${"[{".repeat(5_000)}\\"${'\\\\\\"'.repeat(3)}`;
  const message = decodeMessage(bytes(JSON.stringify({ text, other: [[1]] })));
  expect(message["text"]).toBe(text);
});

test("numbers are finite and from 0, or absent", () => {
  const message = asMessage({
    good: 1.5,
    none: null,
    negative: -1,
    text: "5",
    endless: Infinity,
    not: Number.NaN,
  });
  expect(numberField(message, "good")).toBe(1.5);
  expect(numberField(message, "none")).toBeNull();
  expect(numberField(message, "absent")).toBeNull();
  for (const name of ["negative", "text", "endless", "not"]) {
    expect(() => numberField(message, name)).toThrow(FrameError);
  }
});

test("moments are of any time, within what a Date can hold", () => {
  const message = asMessage({ old: -86_400_000, far: 1e300, none: null, text: "1", endless: Infinity });
  expect(dateField(message, "old")).toEqual(new Date("1969-12-31"));
  expect(dateField(message, "far")?.toISOString()).toBe("+275760-09-13T00:00:00.000Z");
  expect(dateField(message, "none")).toBeNull();
  for (const name of ["text", "endless"]) expect(() => dateField(message, name)).toThrow(FrameError);
});

test("strings are bounded, or absent", () => {
  const message = asMessage({ good: "abc", none: null, number: 5 });
  expect(stringField(message, "good", 3)).toBe("abc");
  expect(stringField(message, "none")).toBeNull();
  expect(() => stringField(message, "good", 2)).toThrow(FrameError);
  expect(() => stringField(message, "number")).toThrow(FrameError);
});
