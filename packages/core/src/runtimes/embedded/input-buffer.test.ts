import { expect, test } from "vitest";
import { InputBuffer } from "./input-buffer.ts";

async function* source(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

test("pieces come in the sizes asked for, then nothing", async () => {
  const input = new InputBuffer(source("abc", "", "de"));
  const taken: string[] = [];
  for (;;) {
    const bytes = await input.take(2);
    if (bytes!.length === 0) break;
    taken.push(Buffer.from(bytes!).toString());
  }
  expect(taken).toEqual(["ab", "c", "de"]);
  expect((await input.take(2))!.length).toBe(0);
  expect((await new InputBuffer(undefined).take(5))!.length).toBe(0);
});

test("one who waits only so long is told that nothing has come, and loses nothing", async () => {
  const later = Promise.withResolvers<void>();
  const input = new InputBuffer(
    (async function* () {
      await later.promise;
      yield Buffer.from("x");
    })(),
  );
  expect(await input.take(1, 5)).toBeNull();
  const waiting = input.take(1);
  expect(input.waiting).toBe(true);
  later.resolve();
  expect(Buffer.from((await waiting)!).toString()).toBe("x");
  expect(input.waiting).toBe(false);
});
