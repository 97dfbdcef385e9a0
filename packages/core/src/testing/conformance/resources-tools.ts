import { ok } from "node:assert/strict";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, reported } from "./expectations.ts";

export const mebibyte = 1_048_576;

/** Room for an interpreter, little for an attack. */
export const small: { readonly memoryBytes: number; readonly diskBytes: number } = {
  memoryBytes: 192 * mebibyte,
  diskBytes: 32 * mebibyte,
};

/** Fills memory of the kernel's or the process's in some way, and reports how much it got if it lives. */
export function memoryBomb(
  id: string,
  what: string,
  fill: string,
  most: number = small.memoryBytes,
): ConformanceCase {
  return {
    id,
    title: `${what} cannot take more than the box's memory`,
    async run(bench) {
      const session = await bench.open({ limits: small });
      const result = await session.run(`import fcntl, mmap, os, socket\ngot = 0\n${fill}\nprint(got)`, {
        timeoutMs: 20_000,
      });
      if (result.status === "ok") ok(reported<number>(result) <= most, `it got ${result.stdout} bytes`);
      else ok(result.status === "out-of-memory" || result.status === "failed", result.status);
      await answers(session);
    },
  };
}
