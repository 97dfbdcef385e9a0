import { strictEqual } from "node:assert/strict";
import { once } from "node:events";
import type { BoxProcess } from "../../box/box-process.ts";
import { SandboxError } from "../../errors.ts";
import type { SandboxSession } from "../../session.ts";
import { within } from "./expectations.ts";

export const mebibyte = 1_048_576;

/** A program that runs beside the host's operations, and has said that it begins. */
export async function beside(session: SandboxSession, code: string): Promise<BoxProcess> {
  const running = await session.spawn(["python3", "-c", code]);
  running.stderr.resume();
  await once(running.stdout, "data");
  running.stdout.resume();
  return running;
}

/** Runs work many times while a hostile program changes what it works on; only typed failures are failures. */
export async function race(
  session: SandboxSession,
  code: string,
  rounds: number,
  work: (round: number) => Promise<unknown>,
): Promise<void> {
  await using hostile = await beside(session, code);
  let ended: unknown;
  void hostile.exit.then((end) => (ended = end));
  for (let round = 0; round < rounds; round += 1) {
    await within(
      10_000,
      work(round).catch((error: unknown) => {
        if (!SandboxError.is(error) || error.code === "BOX_LOST") throw error;
      }),
    );
  }
  strictEqual(ended, undefined, "the hostile program did not run all the while");
}
