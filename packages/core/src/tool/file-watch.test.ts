import { expect, test } from "vitest";
import { memory } from "../testing/memory.ts";
import { sandboxTools } from "./sandbox-tools.ts";
import type { SandboxTools } from "./sandbox-tools.ts";

const png = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");

/** Tools whose calls write the file that their code names, and end when they are let. */
function make(): {
  readonly tools: SandboxTools;
  readonly wrote: (name: string) => Promise<void>;
  readonly end: (name: string) => void;
} {
  const gates = new Map<string, [PromiseWithResolvers<void>, PromiseWithResolvers<void>]>();
  const gatesOf = (name: string): [PromiseWithResolvers<void>, PromiseWithResolvers<void>] => {
    const found = gates.get(name) ?? [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    gates.set(name, found);
    return found;
  };
  const tools = sandboxTools({
    runtime: memory({
      run: async ({ code, files }) => {
        const [wrote, end] = gatesOf(code);
        if (code.startsWith("figure")) {
          await end.promise;
          return { outputs: [{ "image/png": png }] };
        }
        files.write(`/workspace/${code}`, Buffer.from(code));
        wrote.resolve();
        await end.promise;
        return {};
      },
    }),
  });
  return {
    tools,
    wrote: (name) => gatesOf(name)[0].promise,
    end: (name) => gatesOf(name)[1].resolve(),
  };
}

const namesOf = ({ files }: { readonly files: readonly { readonly path: string }[] }): string[] =>
  files.map(({ path }) => path);

test("calls that overlap are each told of what changed in their time, and that they were not alone", async () => {
  const { tools, wrote, end } = make();
  await using _ = tools;
  const first = tools.code.call({ code: "a" });
  await wrote("a");
  const second = tools.code.call({ code: "b" });
  await wrote("b");
  end("b");
  expect((await second).text).toBe(
    "[sandbox: 1 file written: /workspace/b (1 byte). Other calls ran at the same time and may have written it.]",
  );
  end("a");
  expect((await first).text).toBe(
    "[sandbox: 2 files written: /workspace/a (1 byte), /workspace/b (1 byte). Other calls ran at the same time and may have written some of them.]",
  );
  end("c");
  expect((await tools.code.call({ code: "c" })).text).toBe(
    "[sandbox: 1 file written: /workspace/c (1 byte)]",
  );
});

test("what a cancelled call has written is not the next one's", async () => {
  const { tools, wrote, end } = make();
  await using _ = tools;
  const control = new AbortController();
  const cancelled = tools.code.call({ code: "a" }, { signal: control.signal });
  await wrote("a");
  control.abort(new Error("enough"));
  await expect(cancelled).rejects.toThrow("enough");
  end("b");
  expect(namesOf(await tools.code.call({ code: "b" }))).toEqual(["/workspace/b"]);
});

test("a call that has the session to itself looks once", async () => {
  const { tools, end } = make();
  await using _ = tools;
  end("a");
  await tools.code.call({ code: "a" });
  const { files } = tools.sessions.session()!;
  const list = files.list.bind(files);
  let looks = 0;
  files.list = (...given) => {
    looks += 1;
    return list(...given);
  };
  end("b");
  expect(namesOf(await tools.code.call({ code: "b" }))).toEqual(["/workspace/b"]);
  expect(looks).toBe(1);
});

test("pictures of calls that overlap get names of their own, and are no written files", async () => {
  const { tools, end, wrote } = make();
  await using _ = tools;
  const watcher = tools.code.call({ code: "a" });
  await wrote("a");
  const calls = [tools.code.call({ code: "figure one" }), tools.code.call({ code: "figure two" })];
  end("figure one");
  end("figure two");
  const paths = (await Promise.all(calls)).flatMap(({ images }) => images.map(({ path }) => path));
  expect(paths.toSorted()).toEqual(["/workspace/figure-1.png", "/workspace/figure-2.png"]);
  end("a");
  expect(namesOf(await watcher)).toEqual(["/workspace/a"]);
});
