import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { SandboxSession } from "../../session.ts";
import { embedded } from "./index.ts";

// Deno keeps caches of its own, also of what programs are compiled to, and what they store by the web's interfaces:
// seen from the outside, no process of a session has any file open for writing.

const writeFlags = 0o3;

/** The files that the children of this program may write to, by path, and how many children there are. */
function writableFiles(): { readonly children: number; readonly files: readonly string[] } {
  const files: string[] = [];
  let children = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, parent] = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (Number(parent) !== process.pid || !command.startsWith("deno")) continue;
      children += 1;
      for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
        const path = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
        const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8"))?.[1];
        const isFile = path.startsWith("/") && !path.startsWith("/dev/");
        if (isFile && (Number.parseInt(flags ?? "0", 8) & writeFlags) !== 0) files.push(path);
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return { children, files };
}

/** A table that does not fit in its cache goes to a file, unasked. */
const spill = `
  const kept = new found.DatabaseSync(":memory:");
  kept.exec("PRAGMA temp_store_directory = '/tmp'; PRAGMA temp_store = 1; PRAGMA temp.cache_size = 10; CREATE TEMP TABLE t (x)");
  for (let i = 0; i < 20; i += 1) kept.exec("INSERT INTO t VALUES (randomblob(1000000))");
  globalThis.kept = kept;`;

const programs: Readonly<Record<string, string>> = {
  python: `
import asyncio, js
async def store():
    for attempt in (
        lambda: js.caches.open("kept"),
        lambda: js.localStorage.setItem("kept", "x"),
        lambda: js.sessionStorage.setItem("kept", "x"),
        lambda: js.indexedDB.open("kept"),
        lambda: js.Deno.openKv(),
        lambda: js.Deno.makeTempFileSync(),
        lambda: js.eval("""(async () => { const found = process.getBuiltinModule("node:sqlite"); ${spill} })()"""),
        lambda: js.eval("""(async () => { const found = await import("NODE:sqlite"); ${spill} })()"""),
    ):
        try:
            result = attempt()
            if hasattr(result, "then"):
                await result
        except BaseException as error:
            print(type(error).__name__)
asyncio.run(store())
print("stored", flush=True)
while True: pass
`,
  javascript: `
const attempts = [
  () => caches.open("kept"), () => localStorage.setItem("kept", "x"), () => sessionStorage.setItem("kept", "x"),
  () => indexedDB.open("kept"), () => Deno.openKv(), () => Deno.makeTempFileSync(),
  () => { const found = process.getBuiltinModule("node:sqlite"); ${spill} },
  async () => { const found = await import("NODE:sqlite"); ${spill} },
];
for (const attempt of attempts) {
  try { await attempt(); } catch (error) { console.log(error.name); }
}
console.log("stored");
setInterval(() => {}, 1000);
`,
  bash: "echo x > /workspace/a; echo stored; sleep 100",
};

test.skipIf(process.platform !== "linux").each(Object.keys(programs))(
  "%s: a process can write to no file of this machine",
  async (lang) => {
    await using session = await SandboxSession.open({ lang, runtime: embedded() });
    const stopped = new AbortController();
    let looked: ReturnType<typeof writableFiles> | undefined;
    let said = "";
    const result = await session.run(programs[lang]!, {
      signal: stopped.signal,
      onOutput: ({ text }) => {
        said += text;
        if (!said.includes("stored")) return;
        looked ??= writableFiles();
        stopped.abort();
      },
    });
    expect(result.status).toBe("cancelled");
    expect(looked?.children).toBeGreaterThan(0);
    expect(looked?.files).toEqual([]);
  },
);
