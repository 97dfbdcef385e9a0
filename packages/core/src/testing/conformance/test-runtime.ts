import { deepStrictEqual } from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Box, Runtime } from "../../runtime.ts";
import { CaseBench } from "./bench.ts";
import type { CaseImages } from "./bench.ts";
import { conformanceCases } from "./cases.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, nonce } from "./expectations.ts";
import { faultyRuntime } from "./faulty-runtime.ts";
import type { FaultyRuntime } from "./faulty-runtime.ts";
import { Lanes } from "./lanes.ts";
import { SharedSessions } from "./shared-sessions.ts";

/** The part of a test runner that the suite needs; `import { describe, test, afterAll } from "vitest"` is one. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  readonly test: {
    (name: string, body: () => Promise<void>, timeoutMs: number): unknown;
    concurrent(name: string, body: () => Promise<void>, timeoutMs: number): unknown;
    skip(name: string, body: () => Promise<void>): unknown;
  };
  afterAll(body: () => Promise<void>, timeoutMs: number): unknown;
}

/** A case that a runtime cannot honour, and why; it is shown as skipped with the reason. */
export interface ConformanceException {
  /** The case's id: `A/inodes`. */
  readonly case: string;
  readonly reason: string;
}

export interface ConformanceOptions {
  readonly name: string;
  /** Called once, when the first case runs. */
  readonly runtime: () => Runtime;
  readonly runner: TestRunner;
  /** Images for the languages of the cases; a language that is left out gets its default image. */
  readonly images?: CaseImages;
  readonly exceptions?: readonly ConformanceException[];
  /** Names of what the runtime still keeps of this process's boxes: must be empty soon after everything was closed. */
  readonly leftovers?: () => Promise<readonly string[]>;
}

/** Cases at a time; each keeps a core busy. */
const lanes = 2;
const defaultCaseTimeoutMs = 120_000;
/** For the runner, which also counts the time that a case waits for its turn. */
const turnTimeoutMs = 900_000;
const removalTimeoutMs = 15_000;

/**
 * Declares the conformance suite for a runtime: every case is a program that attacks in a real session.
 * Throws for an exception that names no case or gives no reason.
 */
export function testRuntime(options: ConformanceOptions): void {
  const { name, runner, leftovers } = options;
  const reasons = exceptionReasons(options.exceptions ?? []);
  const suite = new Suite(options);
  runner.describe(`${name} conforms`, () => {
    runner.describe("First", () => {
      runner.test("a session opens in every language of the cases", () => suite.begin(), turnTimeoutMs);
    });
    for (const category of conformanceCases) {
      runner.describe(category.title, () => {
        for (const one of category.cases) {
          const reason = reasons.get(one.id);
          const title = `${one.id}: ${one.title}`;
          if (reason !== undefined) runner.test.skip(`${title} (not here: ${reason})`, async () => {});
          else runner.test.concurrent(title, () => suite.run(one), turnTimeoutMs);
        }
      });
    }
    runner.describe("Afterwards", () => {
      runner.test("nothing is left", () => suite.end(leftovers), turnTimeoutMs);
    });
    runner.afterAll(() => suite.end(undefined), turnTimeoutMs);
  });
}

class Suite {
  readonly #options: ConformanceOptions;
  readonly #lanes = new Lanes(lanes);
  readonly #shared = new SharedSessions();
  readonly #secret = `secret-${nonce()}`;
  #runtime: FaultyRuntime | undefined;

  constructor(options: ConformanceOptions) {
    this.#options = options;
  }

  /** Makes the images ready, which may take minutes: no case's time. */
  async begin(): Promise<void> {
    for (const lang of ["python", "javascript", "bash"] as const) {
      await this.run({
        id: "begin",
        title: "begin",
        timeoutMs: turnTimeoutMs,
        run: async (bench) => answers(await bench.shared({ lang })),
      });
    }
  }

  run(one: ConformanceCase): Promise<void> {
    return this.#lanes.run(one.alone ?? false, async () => {
      process.env["LLM_SANDBOX_CONFORMANCE_SECRET"] = this.#secret;
      // Without a fault it only keeps the boxes, whose agents may have something to say when a case fails.
      this.#runtime ??= faultyRuntime(this.#options.runtime());
      const earlier = this.#runtime.boxes.length;
      const images = this.#options.images ?? {};
      const bench = new CaseBench(this.#runtime, this.#secret, images, this.#shared);
      const limitMs = one.timeoutMs ?? defaultCaseTimeoutMs;
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new Error(`Not done after ${limitMs} ms.`)), limitMs);
      let failed = true;
      try {
        await Promise.race([one.run(bench), late.promise]);
        failed = false;
      } catch (error) {
        throw withDiagnostics(error, this.#runtime.boxes.slice(Math.max(0, earlier - lanes)));
      } finally {
        clearTimeout(timer);
        await bench.end(failed);
      }
    });
  }

  async end(leftovers: ConformanceOptions["leftovers"]): Promise<void> {
    delete process.env["LLM_SANDBOX_CONFORMANCE_SECRET"];
    await this.#shared.closeAll();
    if (!leftovers) return;
    const deadline = Date.now() + removalTimeoutMs;
    while ((await leftovers()).length > 0 && Date.now() < deadline) await sleep(250);
    deepStrictEqual(await leftovers(), []);
  }
}

function withDiagnostics(error: unknown, boxes: readonly Box[]): unknown {
  const said = boxes.map((box) => box.diagnostics().trim()).filter(Boolean);
  if (error instanceof Error && said.length > 0) error.message += `\nThe agents said: ${said.join("\n")}`;
  return error;
}

function exceptionReasons(exceptions: readonly ConformanceException[]): ReadonlyMap<string, string> {
  const known = new Set(conformanceCases.flatMap(({ cases }) => cases.map(({ id }) => id)));
  const reasons = new Map<string, string>();
  for (const { case: id, reason } of exceptions) {
    if (!known.has(id)) throw new Error(`There is no conformance case ${JSON.stringify(id)}.`);
    if (reason.trim().length < 10) throw new Error(`The exception for ${id} gives no reason.`);
    reasons.set(id, reason);
  }
  return reasons;
}
