import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { docker } from "../../runtimes/docker/index.ts";
import { EngineUnderTest } from "../../runtimes/docker/testing/engine-under-test.ts";
import { SandboxSession } from "../../session.ts";

const engine = await EngineUnderTest.find();

describe.skipIf(!engine).each(["split-uid", "same-uid"] as const)("scientific Python, %s", (mode) => {
  let session: SandboxSession;
  const printed = async (code: string, options: { cwd?: string; env?: Record<string, string> } = {}) => {
    const result = await session.run(code, options);
    expect(result).toMatchObject({ status: "ok", stderr: "" });
    return result.stdout.trim();
  };
  const isReady = "import sys  # numpy\nprint('matplotlib.pyplot' in sys.modules)";

  beforeAll(async () => {
    session = await SandboxSession.open({ lang: "python", runtime: docker({ mode }) });
  });
  afterAll(() => session?.close());

  test("is imported ahead once a run has wanted it", async () => {
    expect(await printed(isReady)).toBe("False");
    await vi.waitFor(async () => expect(await printed(isReady)).toBe("True"), {
      timeout: 30_000,
      interval: 200,
    });
  });

  test("is there only for runs that mention it", async () => {
    expect(await printed("import sys; print('num' + 'py' in sys.modules)")).toBe("False");
  });

  test("starts every run from the same state", async () => {
    await printed(
      "import numpy, pandas, matplotlib.pyplot as plt\nplt.plot([1])\nplt.close = print\nplt.rcParams['figure.dpi'] = 7\npandas.DataFrame = numpy.random = None",
    );
    const code =
      "import numpy, pandas, matplotlib.pyplot as plt\nprint(numpy.array([1]), len(pandas.DataFrame({'a': [1]})), plt.get_fignums(), plt.rcParams['figure.dpi'])";
    expect(await printed(code)).toBe("[1] 1 [] 100.0");
  });

  test("draws other random numbers in every run", async () => {
    const code = "import numpy\nprint(numpy.random.rand(), numpy.random.default_rng().random())";
    const numbers = `${await printed(code)} ${await printed(code)} ${await printed(code)}`.split(" ");
    expect(new Set(numbers).size).toBe(6);
  });

  test("is the user's own where there is one, and heeds the user's settings", async () => {
    await session.files.writeFile("own/pandas.py", "mine = True");
    await session.files.writeFile("set/matplotlibrc", "figure.dpi: 55");
    expect(await printed("import pandas, numpy\nprint(pandas.mine)", { cwd: "own" })).toBe("True");
    expect(
      await printed("import pandas\nprint(pandas.mine)", { env: { PYTHONPATH: "/workspace/own" } }),
    ).toBe("True");
    const dpi = "import matplotlib\nprint(matplotlib.rcParams['figure.dpi'], matplotlib.rcParams['backend'])";
    expect(await printed(dpi, { cwd: "set", env: { MPLBACKEND: "svg" } })).toBe("55.0 svg");
    expect(await printed(dpi, { env: { MPLBACKEND: "svg" } })).toBe("100.0 svg");
  });

  test("can be neither read nor traced by a run", async () => {
    const code = `# numpy
import os
for name in os.listdir('/proc'):
    if name.isdigit() and int(name) != os.getpid() and b'llm_sandbox_kernel' in open('/proc/%s/cmdline' % name, 'rb').read():
        for part in ('mem', 'environ', 'maps'):
            try:
                open('/proc/%s/%s' % (name, part), 'rb').read(1)
                print('read', name, part)
            except OSError:
                pass
        print('server')`;
    expect(await printed(code)).toMatch(/^(server\n?)+$/);
  });
});

test.skipIf(!engine)("a small box goes without the scientific libraries' server", async () => {
  await using session = await SandboxSession.open({
    lang: "python",
    limits: { memoryBytes: 128 * 1_048_576 },
  });
  const code = "import sys  # numpy\nprint('numpy' in sys.modules)";
  for (let second = 0; second < 3; second += 1) {
    expect((await session.run(code)).stdout).toBe("False\n");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
});
