import { isAbsent, knownRuntimes } from "@llm-sandbox/core";
import type { KnownRuntime, SandboxError } from "@llm-sandbox/core";
import { Interrupted } from "./interrupt.ts";
import { openSession } from "./open-session.ts";
import { duration, styled } from "./style.ts";

/** Tries every runtime: looks for it, opens a box and runs a program. Returns 0 when one works. */
export async function doctor(signal: AbortSignal): Promise<number> {
  let working = 0;
  for (const known of knownRuntimes) {
    print(`${styled("bold", known.name)}  ${known.boxes}`);
    const outcome = await examine(known, signal);
    if (outcome.works) working += 1;
    const mark = outcome.works ? styled("green", "✓") : styled("red", "✗");
    outcome.lines.forEach((line, index) => print(`  ${index === 0 ? mark : " "} ${line}`));
    print(styled("dim", `    ${known.protection}`));
  }
  return working > 0 ? 0 : 1;
}

async function examine(
  known: KnownRuntime,
  signal: AbortSignal,
): Promise<{ readonly works: boolean; readonly lines: readonly string[] }> {
  try {
    const runtime = await known.load();
    const found = await runtime.probe?.({ signal });
    const begin = performance.now();
    await using session = await openSession({ lang: "python", runtime, signal });
    const opened = performance.now();
    const result = await session.run("print(6 * 7)", { signal });
    const ran = performance.now();
    if (result.stdout !== "42\n") {
      return {
        works: false,
        lines: [`${found ?? known.name}: print(6 * 7) gave ${JSON.stringify(result.stdout)}`],
      };
    }
    const took = `a Python box opened in ${duration(opened - begin)} and ran print(6 * 7) in ${duration(ran - opened)}`;
    return { works: true, lines: [found ?? known.name, took] };
  } catch (error) {
    if (error instanceof Interrupted || signal.aborted) throw error;
    const { message, remedy } = error as Partial<SandboxError>;
    const get = isAbsent(error) && remedy === undefined ? [`to get it: ${known.toGet}`] : [];
    return { works: false, lines: [...readable(message ?? String(error)), ...get] };
  }
}

/** The places where there is nothing at all take one line. */
function readable(message: string): string[] {
  const lines = message.trimEnd().split("\n");
  const something = lines.filter((line) => !line.endsWith(nothing));
  const places = lines.length - something.length;
  if (places < 2) return lines;
  return lines.flatMap((line) => {
    if (!line.endsWith(nothing)) return [line];
    return line === lines.find((one) => one.endsWith(nothing))
      ? [`  - ${places} usual places${nothing}`]
      : [];
  });
}

const nothing = ": there is no such socket";

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
