import { createInterface } from "node:readline/promises";
import { isAbsent, knownRuntimes, runtimeOfEnvironment, SandboxError } from "@llm-sandbox/core";
import type { Removable, RuntimeName } from "@llm-sandbox/core";
import { age, size, styled } from "./style.ts";
import { UsageError } from "./usage-error.ts";

export interface CleanOptions {
  /** Nothing of others is looked at. Default: `LLM_SANDBOX_RUNTIME`, else all of them. */
  readonly runtime?: RuntimeName;
  /** Do not ask. */
  readonly yes: boolean;
  /** Only say what would go. */
  readonly dryRun: boolean;
}

/** Shows what the runtimes that are there could remove, and removes it when told to. Returns 3 when something failed. */
export async function clean({ runtime, yes, dryRun }: CleanOptions, signal: AbortSignal): Promise<number> {
  const isAsked = !yes && !dryRun;
  if (isAsked && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new UsageError("clean asks before it removes, on a terminal: pass --yes, or --dry-run to look.");
  }
  const { found, failed } = await look(runtime ?? runtimeOfEnvironment(), signal);
  const bytes = found.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
  const all = `${found.length === 1 ? "1 thing" : `${found.length} things`}, at most ${size(bytes)}`;
  if (found.length === 0 || dryRun) {
    if (found.length > 0) print(`Nothing was removed: ${all}, could be.`);
    return failed ? 3 : 0;
  }
  if (isAsked && !(await agrees(`Remove ${all}? [y/N] `, signal))) {
    print("Nothing was removed.");
    return failed ? 3 : 0;
  }
  return (await removeAll(found, signal)) && !failed ? 0 : 3;
}

async function look(
  only: RuntimeName | undefined,
  signal: AbortSignal,
): Promise<{ found: Removable[]; failed: boolean }> {
  const found: Removable[] = [];
  let failed = false;
  for (const { name, load } of knownRuntimes) {
    if (only !== undefined && name !== only) continue;
    try {
      const listed = (await (await load()).removable?.({ signal })) ?? [];
      found.push(...listed);
      if (listed.length === 0) print(`${styled("bold", name)}  nothing to remove`);
      for (const [where, things] of Map.groupBy(listed, (one) => one.where)) {
        print(`${styled("bold", name)}  ${where}`);
        for (const one of things) print(`  ${described(one)}`);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!SandboxError.is(error)) throw error;
      const absent = isAbsent(error);
      failed ||= !absent;
      print(`${styled("bold", name)}  ${absent ? "not here" : error.message}`);
    }
  }
  return { found, failed };
}

function described({ what, bytes, since }: Removable): string {
  const facts = [
    ...(bytes === null ? [] : [size(bytes)]),
    ...(since === null ? [] : [`${age(Date.now() - since)} old`]),
  ];
  return facts.length === 0 ? what : `${what}  ${styled("dim", facts.join(", "))}`;
}

async function agrees(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const stop = new AbortController();
  // Ctrl-C and Ctrl-D answer, too.
  lines.once("SIGINT", () => stop.abort()).once("close", () => stop.abort());
  try {
    const answer = await lines.question(question, { signal: AbortSignal.any([signal, stop.signal]) });
    return /^\s*y(es)?\s*$/i.test(answer);
  } catch (error) {
    signal.throwIfAborted();
    if (!stop.signal.aborted) throw error;
    print("");
    return false;
  } finally {
    lines.close();
  }
}

/** False when one could not be removed. */
async function removeAll(found: readonly Removable[], signal: AbortSignal): Promise<boolean> {
  let good = true;
  let removed = 0;
  for (const one of found) {
    signal.throwIfAborted();
    try {
      if (await one.remove()) removed += 1;
      else print(`Left: ${one.what}, which is gone or in use now.`);
    } catch (error) {
      good = false;
      process.stderr.write(`llm-sandbox: ${one.what} could not be removed: ${(error as Error).message}\n`);
    }
  }
  print(`Removed ${removed} of ${found.length}.`);
  return good;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
