import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExecutionResult } from "../../execution.ts";
import { EngineUnderTest } from "../../runtimes/docker/testing/engine-under-test.ts";
import { SandboxSession } from "../../session.ts";

const engine = await EngineUnderTest.find();
const png = /^iVBORw0KGgo/;

describe.skipIf(!engine)("rich results of the default Python image", () => {
  let session: SandboxSession;
  beforeAll(async () => {
    session = await SandboxSession.open({ lang: "python" });
  });
  afterAll(() => session?.close());

  describe.each(["run", "context"] as const)("in a %s", (kind) => {
    const run = async (...lines: string[]): Promise<ExecutionResult> => {
      const code = lines.join("\n");
      if (kind === "run") return session.run(code);
      await using context = session.createContext();
      return await context.run(code);
    };
    /** The outputs of a run that has to succeed: `display image/png text/plain`. */
    const outputs = async (...lines: string[]): Promise<string[]> => {
      const result = await run(...lines);
      expect(result).toMatchObject({ status: "ok", stderr: "" });
      for (const { data } of result.outputs) {
        if ("image/png" in data) expect(data["image/png"]).toMatch(png);
      }
      return result.outputs.map((output) => [output.kind, ...Object.keys(output.data).sort()].join(" "));
    };
    const shown = "display image/png text/plain";
    const plot = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])";

    test("a figure is shown by show()", async () => {
      expect(await outputs(plot, "plt.show()", "print('after')")).toEqual([shown]);
    });

    test("a figure is shown though the program asks for a window or another backend", async () => {
      const use = (name: string) => `import matplotlib\nmatplotlib.use('${name}')\n${plot}\nplt.show()`;
      for (const name of ["TkAgg", "Qt5Agg", "Agg", "svg"]) expect(await outputs(use(name))).toEqual([shown]);
      expect(await outputs("import matplotlib.pyplot as plt", "plt.switch_backend('gtk4agg')", plot)).toEqual(
        [shown, "value text/plain"],
      );
    });

    test("a figure is the value, however it was made", async () => {
      const value = "value image/png text/plain";
      expect(await outputs("import matplotlib.pyplot as plt", "plt.figure()")).toEqual([value]);
      expect(await outputs("from matplotlib.figure import Figure", "Figure()")).toEqual([value]);
    });

    test("a figure that was saved is shown once, closed or shown as well", async () => {
      expect(await outputs(plot, "plt.savefig('plot.png')")).toEqual([shown]);
      expect(await outputs(plot, "plt.gcf().savefig('plot.png')", "plt.close()")).toEqual([shown]);
      expect(await outputs(plot, "plt.savefig('plot.png')", "plt.show()")).toEqual([shown]);
      expect(Buffer.from(await session.files.readFile("plot.png")).toString("base64")).toMatch(png);
    });

    test("several figures are several pictures in their order", async () => {
      const result = await run(
        "import matplotlib.pyplot as plt",
        "plt.figure(figsize=(1, 1))",
        "plt.figure(figsize=(2, 1))",
        "plt.show()",
        "plt.figure(figsize=(3, 1))",
        "plt.show()",
      );
      expect(result.outputs.map(({ data }) => data["text/plain"])).toEqual([
        expect.stringContaining("size 100x100"),
        expect.stringContaining("size 200x100"),
        expect.stringContaining("size 300x100"),
      ]);
    });

    test("a figure left open is shown, also when the program fails", async () => {
      const value = "value text/plain";
      expect(await outputs(plot)).toEqual([shown, value]);
      const failed = await run(plot, "1 / 0");
      expect(failed).toMatchObject({ status: "failed", error: { name: "ZeroDivisionError" } });
      expect(failed.outputs).toMatchObject([{ kind: "display", data: { "image/png": expect.any(String) } }]);
    });

    test("a table of pandas is HTML and text, as the value and on the way", async () => {
      const table = "import pandas\ntable = pandas.DataFrame({'name': ['Ada'], 'born': [1815]})";
      expect(await outputs(table, "table")).toEqual(["value text/html text/plain"]);
      expect(await outputs(table, "display(table)")).toEqual(["display text/html text/plain"]);
      const result = await run(table, "table");
      expect(result.outputs[0]?.data["text/html"]).toContain("<td>Ada</td>");
      expect(result.value).toContain("Ada  1815");
      expect(await outputs(table, "table.style")).toEqual(["value text/html text/plain"]);
      expect(await outputs(table, "_ = table.plot()", "None")).toEqual([shown]);
    });

    test("a picture of PIL is one, as the value and shown", async () => {
      const image = "from PIL import Image\nimage = Image.new('RGB', (4, 4), 'red')";
      expect(await outputs(image, "image")).toEqual(["value image/png text/plain"]);
      expect(await outputs(image, "image.show()")).toEqual([shown]);
    });

    test("what JSON can hold is JSON too", async () => {
      const result = await run("{'list': [1, 2.5, None, True], 'text': 'é'}");
      expect(result.outputs[0]?.data["application/json"]).toEqual({
        list: [1, 2.5, null, true],
        text: "é",
      });
      expect((await run("[1, [2]]")).outputs[0]?.data["application/json"]).toEqual([1, [2]]);
      expect(await outputs("{1: 'no key of JSON'}")).toEqual(["value text/plain"]);
    });
  });
});
