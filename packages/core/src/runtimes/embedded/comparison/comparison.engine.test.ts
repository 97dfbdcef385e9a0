import { readFileSync, readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import type { Runtime } from "../../../runtime.ts";
import { SandboxSession } from "../../../session.ts";
import { docker } from "../../docker/index.ts";
import { EngineUnderTest } from "../../docker/testing/engine-under-test.ts";
import { embedded } from "../index.ts";
import { runCompared } from "./compared-result.ts";
import { comparedFields, readPrograms } from "./program-sheet.ts";
import type { ComparedProgram } from "./program-sheet.ts";

// Programs as language models write them, run in a container and here: whatever differs is declared in its sheet.

const engine = await EngineUnderTest.find();
const sheets = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".md"));

/** A session of a runtime for each kind of program, opened when it is first wanted. */
class Sessions {
  readonly #runtime: Runtime;
  readonly #open = new Map<string, Promise<SandboxSession>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  for({ language, memoryBytes }: ComparedProgram): Promise<SandboxSession> {
    const kind = `${language} ${memoryBytes}`;
    const limits = memoryBytes === undefined ? {} : { limits: { memoryBytes } };
    const options = { lang: language, runtime: this.#runtime, ...limits };
    const known = this.#open.get(kind) ?? SandboxSession.open(options);
    this.#open.set(kind, known);
    return known;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(async (session) => (await session).close()));
  }
}

describe.skipIf(!engine).each(sheets)("%s", (sheet) => {
  const contained = new Sessions(docker());
  const here = new Sessions(embedded());
  afterAll(() => Promise.all([contained.close(), here.close()]));

  test.each(readPrograms(readFileSync(`${import.meta.dirname}/${sheet}`, "utf8")))(
    "$name",
    async (program) => {
      const folder = program.name.replaceAll(/\W+/g, "-");
      const expected = await runCompared(await contained.for(program), folder, program);
      const result = await runCompared(await here.for(program), folder, program);
      const { differs, says } = program;
      for (const field of comparedFields) {
        if (!differs.has(field)) expect(result[field], field).toEqual(expected[field]);
      }
      // A declared difference that is gone must not stay declared; where everything may differ, something must.
      const gone = [...differs.keys()].filter((field) => isDeepStrictEqual(result[field], expected[field]));
      expect(gone.length === differs.size || differs.size < comparedFields.length ? gone : []).toEqual([]);
      const said = `${result.stdout as string}${result.stderr as string}${JSON.stringify(result.error)}`;
      for (const words of says) expect(said).toContain(words);
    },
  );
});
