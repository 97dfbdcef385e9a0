import { deepStrictEqual, fail, ok, strictEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { CommandResult, ExecutionResult } from "../../execution.ts";
import { SandboxError } from "../../errors.ts";
import type { SandboxErrorCode } from "../../errors.ts";
import type { SandboxSession } from "../../session.ts";

/** A word nobody else has. */
export function nonce(): string {
  return randomBytes(8).toString("hex");
}

/** The result, which has to be `ok`. */
export function okay<Result extends CommandResult>(result: Result): Result {
  if (result.status === "ok") return result;
  const error = (result as Partial<ExecutionResult>).error;
  fail(
    `The program ended as ${result.status} (exit ${result.exitCode}, ${result.signal}): ` +
      `${error?.traceback ?? ""}\n${result.stderr.slice(-2_000)}\n${result.stdout.slice(-2_000)}`,
  );
}

/** What a program reported: the JSON on its last line. */
export function reported<Report>(result: CommandResult): Report {
  const line = okay(result).stdout.trimEnd().split("\n").at(-1) ?? "";
  try {
    return JSON.parse(line) as Report;
  } catch {
    return fail(
      `The program reported no JSON: ${result.stdout.slice(-2_000)} ${result.stderr.slice(-2_000)}`,
    );
  }
}

/** Fails unless the result has the status. */
export function endsAs(result: CommandResult, status: CommandResult["status"]): void {
  const seen = `${result.stdout.slice(-500)} ${result.stderr.slice(-500)}`;
  strictEqual(result.status, status, `ended as ${result.status} instead of ${status}: ${seen}`);
}

const hello: Readonly<Record<string, (word: string) => string>> = {
  python: (word) => `print("${word}")`,
  javascript: (word) => `console.log("${word}")`,
  bash: (word) => `echo ${word}`,
};

/** Fails unless the session runs code and reports exactly its result. */
export async function answers(session: SandboxSession): Promise<void> {
  const word = nonce();
  const write = hello[session.language];
  const result = write ? await session.run(write(word)) : await session.executeCommand(["echo", word]);
  strictEqual(okay(result).stdout, `${word}\n`);
  strictEqual(result.stderr, "");
}

/** Either still works or has been lost in a way a program can tell: nothing in between. */
export async function answersOrIsLost(session: SandboxSession): Promise<void> {
  try {
    await answers(session);
  } catch (error) {
    if (!SandboxError.is(error, "BOX_LOST") && !SandboxError.is(error, "PROTOCOL_ERROR")) throw error;
  }
}

/** Fails unless the promise rejects with a SandboxError of one of the codes; returns it. */
export async function refused(
  work: Promise<unknown> | (() => unknown),
  ...codes: readonly SandboxErrorCode[]
): Promise<SandboxError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (!SandboxError.is(error)) throw error;
    ok(codes.length === 0 || codes.includes(error.code), `${error.code}: ${error.message}`);
    ok(error.message.length > 10);
    return error;
  }
  return fail(`Nothing was thrown; expected ${codes.join(" or ")}.`);
}

/** Fails if a process that called itself by the mark lives in the box. */
export async function noneMarked(session: SandboxSession): Promise<void> {
  // The pattern does not match itself, so the search does not find itself.
  const search = "grep -a -l '[m]arked' /proc/[0-9]*/comm /proc/[0-9]*/cmdline 2>/dev/null; true";
  const result = okay(await session.executeCommand(["sh", "-c", search]));
  strictEqual(result.stdout, "", "processes of an ended run are alive");
}

/** Fails unless it settles within the time; returns how it settled. */
export async function within<Value>(limitMs: number, work: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Not within ${limitMs} ms.`)), limitMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Fails unless every attempt of a report failed; attempts are named, true is success. */
export function allFailed(attempts: Readonly<Record<string, unknown>>): void {
  const succeeded = Object.entries(attempts).filter(([, outcome]) => outcome === true || outcome === "ok");
  deepStrictEqual(succeeded, []);
  ok(Object.keys(attempts).length > 0, "the program tried nothing");
}
