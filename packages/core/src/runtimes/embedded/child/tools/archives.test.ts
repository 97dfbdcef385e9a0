import { expect, test } from "vitest";
import { readTar, writeTar } from "./tar-format.ts";
import { readZip, writeZip } from "./zip-format.ts";

const mtime = new Date(Date.UTC(2024, 0, 2, 3, 4, 6));
const data = new TextEncoder().encode("content");

test("a tar archive gives back what was put into it, names of any length too", () => {
  const entries = [
    { name: "d/", type: "directory", mode: 0o755, mtime, target: "", data: new Uint8Array() },
    { name: `d/${"long".repeat(40)}`, type: "file", mode: 0o644, mtime, target: "", data },
    { name: "l", type: "symlink", mode: 0o777, mtime, target: "t".repeat(120), data: new Uint8Array() },
  ] as const;
  expect(readTar(writeTar(entries))).toEqual(entries);
});

test("a zip archive gives back what was put into it", () => {
  const entries = [
    { name: "d/", mode: 0o755, mtime, data: new Uint8Array() },
    { name: "d/ä", mode: 0o600, mtime, data },
    { name: "zeros", mode: 0o644, mtime, data: new Uint8Array(5_000) },
  ];
  expect(readZip(writeZip(entries))).toEqual(entries);
});

test("what is none or was cut is told, not guessed", () => {
  const noise = Uint8Array.from({ length: 2_048 }, (_, at) => (at * 7) & 0xff);
  expect(readTar(noise)).toBeUndefined();
  expect(readZip(noise)).toBeUndefined();
  const zip = writeZip([{ name: "a", mode: 0o644, mtime, data }]);
  expect(readZip(zip.subarray(0, zip.length - 5))).toBeUndefined();
  const tar = writeTar([{ name: "a", type: "file", mode: 0o644, mtime, target: "", data }]);
  tar[0] = 0xff;
  expect(readTar(tar)).toBeUndefined();
});
