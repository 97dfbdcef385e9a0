import { execFile, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SandboxSession } from "@llm-sandbox/core";
import { embedded } from "@llm-sandbox/core/embedded";
import { elapsedMs, inTurns } from "../measure.ts";
import type { Measurement } from "../row.ts";

const execute = promisify(execFile);
/** A model thinks for longer between two runs; meanwhile the next process gets ready. */
const pauseMs = 700;

const python = (): Promise<number> => elapsedMs(() => execute("python3", ["-c", "print(1)"]));
const node = (): Promise<number> => elapsedMs(() => execute(process.execPath, ["-e", "console.log(1)"]));

/** The embedded runtime beside plain interpreters of this machine. */
export async function measureEmbedded(rounds: number): Promise<Measurement[]> {
  const runtime = embedded();
  // What is made once on a machine is made before.
  await (await SandboxSession.open({ lang: "python", runtime })).close();
  return [
    await firstResult(rounds),
    await openings(runtime, rounds),
    ...(await runs(runtime, "python", "print(1)", python, rounds, { run: 20, context: 5 })),
    ...(await runs(runtime, "javascript", "console.log(1)", node, rounds, { run: 5, context: 5 })),
    await coldJavascript(rounds),
  ];
}

/** A new Node process that opens a session and runs one line of Python: until the result is printed. */
async function firstResult(rounds: number): Promise<Measurement> {
  const program = fileURLToPath(new URL("../first-python.mjs", import.meta.url));
  const ours = async (): Promise<number> => {
    const started = performance.now();
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    const printed = Promise.withResolvers<number>();
    child.stdout.once("data", () => printed.resolve(performance.now() - started));
    const ended = new Promise((resolve) => child.once("close", resolve));
    const tookMs = await printed.promise;
    await ended;
    return tookMs;
  };
  const times = await inTurns(rounds, ours, python);
  return {
    name: "embedded-first-python",
    value: times.ours,
    unit: "ms",
    baseline: "python3 -c",
    baselineValue: times.theirs,
    mostValue: 400,
  };
}

async function openings(runtime: ReturnType<typeof embedded>, rounds: number): Promise<Measurement> {
  const ours = async (): Promise<number> => {
    await sleep(pauseMs);
    let session: SandboxSession | undefined;
    const tookMs = await elapsedMs(async () => {
      session = await SandboxSession.open({ lang: "python", runtime });
    });
    await session?.close();
    return tookMs;
  };
  const times = await inTurns(rounds, ours, node);
  return {
    name: "embedded-open-warm",
    value: times.ours,
    unit: "ms",
    baseline: "node -e",
    baselineValue: times.theirs,
    mostValue: 30,
  };
}

async function runs(
  runtime: ReturnType<typeof embedded>,
  lang: string,
  code: string,
  peer: () => Promise<number>,
  rounds: number,
  bars: { readonly run: number; readonly context: number },
): Promise<Measurement[]> {
  await using session = await SandboxSession.open({ lang, runtime });
  const baseline = lang === "python" ? "python3 -c" : "node -e";
  const run = await inTurns(
    rounds,
    async () => {
      await sleep(pauseMs);
      return elapsedMs(() => session.run(code));
    },
    peer,
  );
  await using context = session.createContext();
  await context.run(code);
  await sleep(pauseMs);
  const inContext = await inTurns(rounds, () => elapsedMs(() => context.run(code)), peer);
  return [
    {
      name: `embedded-${lang}-run`,
      value: run.ours,
      unit: "ms",
      baseline,
      baselineValue: run.theirs,
      mostValue: bars.run,
    },
    {
      name: `embedded-${lang}-context`,
      value: inContext.ours,
      unit: "ms",
      baseline,
      baselineValue: inContext.theirs,
      mostValue: bars.context,
    },
  ];
}

/** The first run of a runtime that has nothing ready. */
async function coldJavascript(rounds: number): Promise<Measurement> {
  const ours = async (): Promise<number> => {
    let session: SandboxSession | undefined;
    const tookMs = await elapsedMs(async () => {
      session = await SandboxSession.open({ lang: "javascript", runtime: embedded() });
      await session.run("console.log(1)");
    });
    await session?.close();
    return tookMs;
  };
  const times = await inTurns(rounds, ours, node);
  return {
    name: "embedded-javascript-cold",
    value: times.ours,
    unit: "ms",
    baseline: "node -e",
    baselineValue: times.theirs,
    mostValue: 50,
  };
}
