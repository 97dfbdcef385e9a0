import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineUnderTest } from "../../runtimes/docker/testing/engine-under-test.ts";
import { SandboxSession } from "../../session.ts";

const engine = await EngineUnderTest.find();

describe.skipIf(!engine).each(["spawn", "forkserver"])(
  "processes started by %s in the default image",
  (method) => {
    let session: SandboxSession;
    beforeAll(async () => {
      session = await SandboxSession.open({ lang: "python" });
    });
    afterAll(() => session?.close());

    test("work with the program's functions, and leave no file", async () => {
      const code = [
        "import multiprocessing as m",
        "def double(x): return 2 * x",
        "if __name__ == '__main__':",
        `    m.set_start_method('${method}')`,
        "    with m.Pool(2) as pool: print(pool.map(double, range(3)))",
      ].join("\n");
      expect(await session.run(code)).toMatchObject({ status: "ok", stderr: "", stdout: "[0, 2, 4]\n" });
      expect((await session.run("import os; os.listdir()")).value).toBe("[]");
    });

    test("fail once without a guard", async () => {
      const code = `import multiprocessing as m\nprint(m.get_context('${method}').Pool(2).map(str, [1]))`;
      const result = await session.run(code, { timeoutMs: 30_000 });
      expect(result).toMatchObject({
        status: "failed",
        stdout: "",
        error: { name: "RuntimeError", line: 2 },
      });
      expect(result.error?.message).toContain("if __name__ == '__main__':");
      expect(result.stderr.length).toBeLessThan(20_000);
    });
  },
);
