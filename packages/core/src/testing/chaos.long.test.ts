import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { SandboxError } from "../errors.ts";
import { docker } from "../runtimes/docker/index.ts";
import { EngineUnderTest } from "../runtimes/docker/testing/engine-under-test.ts";
import { SandboxSession } from "../session.ts";
import { faultyRuntime } from "./conformance/faulty-runtime.ts";

/** CI takes a short form of everything here: `LLM_SANDBOX_LONG=short`. */
const short = process.env["LLM_SANDBOX_LONG"] === "short";
const engine = await EngineUnderTest.find();

/** One session of the storm; every fifth loses its box at a random moment of its runs. Returns how it ended. */
async function storm(number: number): Promise<"right" | "lost"> {
  const runtime = faultyRuntime(docker());
  const session = await SandboxSession.open({ runtime, limits: { cpus: 0.5 } });
  const isVictim = number % 5 === 0;
  let destroyedAt = Number.POSITIVE_INFINITY;
  const destroying = isVictim
    ? sleep(Math.random() * 400).then(() => {
        destroyedAt = performance.now();
        return runtime.boxes[0]!.destroy();
      })
    : undefined;
  try {
    for (let round = 0; round < (isVictim ? 100 : 5); round += 1) {
      const word = `${number}-${round}-${Math.random().toString(36).slice(2)}`;
      const code = `import time\nprint("${word}", flush=True)\ntime.sleep(0.02)\nprint("${word}")`;
      const result = await session.run(code, { timeoutMs: 60_000 });
      expect(result).toMatchObject({ status: "ok", stdout: `${word}\n${word}\n`, stderr: "" });
    }
    return "right";
  } catch (error) {
    if (!isVictim || !SandboxError.is(error, "BOX_LOST")) throw error;
    if (performance.now() - destroyedAt > 2_000) throw new Error("The loss was told late.", { cause: error });
    return "lost";
  } finally {
    await destroying;
    await session.gone();
  }
}

test.skipIf(!engine)(
  "boxes that are destroyed in the middle of runs are told at once, and disturb no other",
  async () => {
    const count = short ? 15 : 500;
    const atOnce = 5;
    const outcomes: string[] = [];
    for (let first = 0; first < count; first += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, count - first) }, (_, offset) => first + offset);
      outcomes.push(...(await Promise.all(numbers.map(storm))));
    }
    expect(outcomes.filter((outcome) => outcome === "lost")).toHaveLength(Math.ceil(count / 5));
    await expect.poll(() => engine!.boxesOf(process.pid), { timeout: 20_000, interval: 250 }).toEqual([]);
  },
);

const core = join(import.meta.dirname, "..");
/** A program that opens sessions without end, and says when it has begun. */
const program = `
  const { SandboxSession } = await import(${JSON.stringify(`${core}/session.ts`)});
  const { docker } = await import(${JSON.stringify(`${core}/runtimes/docker/index.ts`)});
  const runtime = docker();
  const work = async () => {
    for (;;) {
      const session = await SandboxSession.open({ runtime });
      await session.run("print(1)");
      session.executeCommand(["sleep", "600"]).catch(() => {});
      await session.run("import time; time.sleep(0.2)");
      await session.close();
    }
  };
  console.log("begun");
  await Promise.all([work(), work()]);
`;

test.skipIf(!engine)(
  "nothing lives on five seconds after the program was killed, whatever it was doing",
  async () => {
    const count = short ? 5 : 100;
    for (let round = 0; round < count; round += 1) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines = createInterface({ input: child.stdout });
      await once(lines, "line");
      await sleep(Math.random() * 2_500);
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      // What was created and never started is nobody's burden; the next program to start removes it.
      const live = async (): Promise<string[]> =>
        (await engine!.boxesOf(child.pid!))
          .filter(({ state }) => !["created", "configured", "initialized"].includes(state))
          .map(({ name, state }) => `${name} ${state}`);
      await expect.poll(live, { timeout: 5_000, interval: 100 }).toEqual([]);
    }
  },
);
