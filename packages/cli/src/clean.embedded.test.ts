import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlC, end, OnTerminal, start } from "./testing/command-under-test.ts";

// As somebody who can remove nothing else of this machine.
const without = { user: "65534" };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cli-test-"));
  await chmod(folder, 0o777);
});
afterAll(() => rm(folder, { recursive: true }));

const surroundings = () => ({
  cwd: folder,
  without,
  env: { HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), DOCKER_HOST: undefined, NO_COLOR: "1" },
});
const kept = (): Promise<string[]> => readdir(join(folder, "cache/llm-sandbox/embedded"));

describe.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)("clean", () => {
  test("removes nothing that a running program uses, and nothing without a yes", async () => {
    const running = start(["run", "-"], surroundings());
    running.stdin!.end("print('on', flush=True)\nwhile True: pass\n");
    await new Promise((resolve) => running.stdout!.once("data", resolve));
    const used = await end(start(["clean", "--yes"], surroundings()));
    expect(used).toMatchObject({
      exitCode: 0,
      stdout: "docker  not here\noci  not here\nembedded  nothing to remove\n",
    });
    running.kill("SIGTERM");
    await new Promise((resolve) => running.once("close", resolve));
    expect(await kept()).toHaveLength(1);

    expect(await end(start(["clean"], surroundings()))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("pass --yes, or --dry-run"),
    });
    const looked = await end(start(["clean", "--dry-run"], surroundings()));
    expect(looked.stdout).toMatch(
      /embedded {2}\S+\/cache\/llm-sandbox\/embedded\n {2}memory of a started Python python-\w+ {2}\d+ MB, \d+ minutes? old\nNothing was removed: 1 thing, at most \d+ MB, could be\.\n$/,
    );
    for (const [answer, said] of [
      ["\n", /Nothing was removed\./],
      ["n\n", /Nothing was removed\./],
      [controlC, /Nothing was removed\./],
      ["y\n", /Removed 1 of 1\./],
    ] as const) {
      expect(await kept()).toHaveLength(1);
      const terminal = new OnTerminal(["clean"], surroundings());
      await terminal.sees(/Remove 1 thing, at most \d+ MB\? \[y\/N\] $/);
      terminal.type(answer);
      await terminal.sees(said);
      expect(await terminal.ends()).toBe(0);
    }
    expect(await kept()).toEqual([]);
    expect((await end(start(["clean", "--yes"], surroundings()))).stdout).toContain("nothing to remove");
  });

  test.each([
    ["--runtime", ["--runtime", "embedded"], {}],
    ["the environment", [], { LLM_SANDBOX_RUNTIME: "embedded" }],
  ])("keeps to the runtime that is named by %s", async (_, args, env) => {
    const { cwd, without, env: usual } = surroundings();
    const looked = await end(start(["clean", "--yes", ...args], { cwd, without, env: { ...usual, ...env } }));
    expect(looked).toMatchObject({ exitCode: 0, stdout: "embedded  nothing to remove\n" });
  });

  test("refuses a runtime of the environment that there is not, and removes nothing", async () => {
    const { cwd, without, env: usual } = surroundings();
    const env = { ...usual, LLM_SANDBOX_RUNTIME: "dokcer" };
    expect(await end(start(["clean", "--yes"], { cwd, without, env }))).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining("dokcer"),
    });
  });
});
