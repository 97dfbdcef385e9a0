import { expect, test } from "vitest";
import { packFiles, unpackFiles } from "./packed-files.ts";

test("what is taken out is what was put in, whatever it is", () => {
  const files = {
    "empty.o": new Uint8Array(),
    "lines.o": new TextEncoder().encode('\n["a",1]\n\n'),
    "every.o": Uint8Array.from({ length: 256 }, (_, byte) => byte),
  };
  const packed = new Uint8Array(Buffer.concat(packFiles(files)));
  expect(unpackFiles(packed)).toEqual(files);
});
