import { isAbsent, knownRuntimes, SandboxError } from "@llm-sandbox/core";

/** Removes what every runtime that is there has left or can make again. */
export async function clean(signal: AbortSignal): Promise<number> {
  let failed = false;
  for (const { name, load } of knownRuntimes) {
    try {
      const runtime = await load();
      const removed = await runtime.clean?.({ signal });
      if (removed === undefined) continue;
      for (const line of removed) print(`${name}: removed ${line}`);
      if (removed.length === 0) print(`${name}: nothing to remove`);
    } catch (error) {
      if (!SandboxError.is(error)) throw error;
      const absent = isAbsent(error);
      failed ||= !absent;
      print(`${name}: ${absent ? "not here" : error.message}`);
    }
  }
  return failed ? 3 : 0;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
