import { execFile, spawn } from "node:child_process";
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SandboxSession } from "../../session.ts";
import { embedded } from "./index.ts";
import { findPyodide, installable } from "./installed-parts.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-sandbox-parts-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (options: Parameters<typeof embedded>[0]): Promise<SandboxSession> =>
  SandboxSession.open({ lang: "python", runtime: embedded(options) });

test("unknown options and paths that are none are refused", () => {
  expect(() => embedded({ denno: "x" } as object)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION" }),
  );
  expect(() => embedded({ deno: "" })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});

test("a Deno that is not there is named with the remedy", async () => {
  await expect(open({ deno: join(folder, "deno") })).rejects.toMatchObject({ code: "ENGINE_NOT_FOUND" });
});

test("a Deno that does not start, or hangs, is told", async () => {
  const broken = join(folder, "broken");
  await writeFile(broken, "#!/bin/sh\necho broken to pieces >&2\nexit 1\n", { mode: 0o755 });
  const cache = join(folder, "broken-cache");
  await expect(open({ deno: broken, cache })).rejects.toMatchObject({
    code: "BOX_START_FAILED",
    message: expect.stringContaining("broken to pieces"),
  });
  const hanging = join(folder, "hanging");
  await writeFile(hanging, "#!/bin/sh\nexec sleep 1000\n", { mode: 0o755 });
  for (const lang of ["python", "javascript"]) {
    const runtime = embedded({ deno: hanging, cache, timeoutMs: 500 });
    await expect(SandboxSession.open({ lang, runtime })).rejects.toMatchObject({
      code: "BOX_START_FAILED",
      message: expect.stringContaining("It did not get ready in 500 ms"),
    });
  }
  const unreadable = join(folder, "no-program");
  await writeFile(unreadable, "\0\0\0\0", { mode: 0o755 });
  await expect(open({ deno: unreadable, cache })).rejects.toMatchObject({ code: "BOX_START_FAILED" });
});

test("a Pyodide of another version is refused with the one that fits", async () => {
  const other = join(folder, "pyodide");
  await mkdir(other);
  await writeFile(join(other, "package.json"), '{"name":"pyodide","version":"0.1.0"}');
  await expect(open({ pyodide: other })).rejects.toMatchObject({
    code: "LANGUAGE_UNAVAILABLE",
    message: expect.stringContaining("314.0.7"),
  });
  await cp(join(findPyodide({}), "package.json"), join(other, "package.json"));
  await expect(open({ pyodide: other })).rejects.toMatchObject({ code: "LANGUAGE_UNAVAILABLE" });
});

/** What a program at a path finds, in a Node without the folders that a test has beside its own. */
async function lookedFor(from: string): Promise<{ readonly absent: object; readonly ruby: string }> {
  const code = `import { findRuby, installable } from ${JSON.stringify(import.meta.resolve("./installed-parts.ts"))};
    let ruby;
    try { ruby = findRuby(${JSON.stringify(from)}); } catch (error) { ruby = error.code + ": " + error.message; }
    console.log(JSON.stringify({ absent: installable(${JSON.stringify(from)}), ruby }));`;
  const options = { env: {} };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", code],
    options,
  );
  return JSON.parse(stdout) as { readonly absent: object; readonly ruby: string };
}

test("a language of a package that is not there, or is another, tells what to install and what else has it", async () => {
  const from = join(folder, "program.js");
  const install = "npm install @ruby/3.3-wasm-wasi@2.10.1";
  const absent = await lookedFor(from);
  expect(absent.absent).toEqual({
    ruby: install,
    cpp: "npm install @yowasp/clang@22.0.0-git20542-10",
  });
  expect(absent.ruby).toMatch(/^LANGUAGE_UNAVAILABLE: .*not installed.*docker\(\).*oci\(\)/);
  expect(absent.ruby).toContain(install);
  const other = join(folder, "node_modules", "@ruby", "3.3-wasm-wasi");
  await mkdir(other, { recursive: true });
  await writeFile(join(other, "package.json"), '{"version":"0.1.0"}');
  expect((await lookedFor(from)).ruby).toMatch(/^LANGUAGE_UNAVAILABLE: .* is 0\.1\.0/);
  await writeFile(join(other, "package.json"), '{"version":"2.10.1"}');
  expect((await lookedFor(from)).ruby).toMatch(/^LANGUAGE_UNAVAILABLE: .*lacks/);
  // What is installed beside this package is there without a word.
  expect(installable()).toEqual({});
  expect(embedded().features.languages).toEqual(expect.arrayContaining(["ruby", "cpp"]));
});

/** Whether C++ finds the header and links what throws. */
const cppProgram = `#include <iostream>
#include <stdexcept>
int main() {
  try { throw std::runtime_error("caught"); } catch (const std::exception& error) { std::cout << error.what() << std::endl; }
}`;

test("what is compiled once for C++ is made again when it was damaged or removed", async () => {
  const cache = join(folder, "cpp");
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (message: string) => void warnings.push(message),
  };
  const opened = (): Promise<SandboxSession> =>
    SandboxSession.open({ lang: "cpp", runtime: embedded({ cache }), logger, timeoutMs: 120_000 });
  await (await opened()).close();
  const [name] = await readdir(cache);
  const path = join(cache, name!);
  const whole = await readFile(path);
  // The objects are behind its first line, the header is behind them.
  await writeFile(
    path,
    Buffer.concat([whole.subarray(0, 1_000), Buffer.alloc(1_000), whole.subarray(2_000)]),
  );
  await using session = await opened();
  expect(warnings.filter((message) => message.includes("was damaged and is made again"))).toHaveLength(1);
  expect(await session.run(cppProgram)).toMatchObject({ status: "ok", stdout: "caught\n" });
  expect(await readdir(cache)).toEqual([name]);
  expect((await readFile(path)).equals(whole)).toBe(true);
  await rm(cache, { recursive: true });
  expect(await session.run(cppProgram)).toMatchObject({ status: "ok", stdout: "caught\n" });
  expect(await readdir(cache)).toEqual([name]);
}, 240_000);

test.each(["cut", "changed", "empty"])("a kept memory that was %s is made again", async (how) => {
  const cache = join(folder, how);
  await (await open({ cache })).close();
  const [name] = await readdir(cache);
  const path = join(cache, name!);
  if (how === "cut") await truncate(path, 1_000_000);
  else if (how === "empty") await truncate(path, 0);
  else await writeFile(path, "x".repeat(100), { flag: "r+" });
  await using session = await open({ cache });
  expect(await session.run("print(1)")).toMatchObject({ status: "ok", stdout: "1\n" });
  expect(await readdir(cache)).toHaveLength(1);
});

test("a kept memory that was removed while a program used it is made again, for its sessions too", async () => {
  const cache = join(folder, "removed");
  const runtime = embedded({ cache });
  await using session = await SandboxSession.open({ runtime });
  await session.run("open('kept', 'w').write('files stay')");
  await rm(cache, { recursive: true });
  // One more child may have started before.
  for (let run = 0; run < 3; run += 1) {
    expect(await session.run("print(open('kept').read())")).toMatchObject({ stdout: "files stay\n" });
  }
  expect(await readdir(cache)).toHaveLength(1);
  await rm(cache, { recursive: true });
  await using other = await SandboxSession.open({ runtime });
  expect(await other.run("print(1)")).toMatchObject({ stdout: "1\n" });
});

test("a kept memory that is used is not taken for an old one of another version", async () => {
  const cache = join(folder, "old");
  await (await open({ cache })).close();
  const [name] = await readdir(cache);
  const long = new Date(Date.now() - 90 * 24 * 3_600_000);
  await utimes(join(cache, name!), long, long);
  await (await open({ cache })).close();
  expect((await stat(join(cache, name!))).mtimeMs).toBeGreaterThan(Date.now() - 3_600_000);
});

test("where nothing can be kept Python starts all the same", async () => {
  const cache = join(folder, "a-file");
  await writeFile(cache, "");
  await using session = await open({ cache });
  expect(await session.run("print(1)")).toMatchObject({ stdout: "1\n" });
});

test("of several programs that prepare the same at once one does, and all get it", async () => {
  const cache = join(folder, "together");
  const program = `
    const { SandboxSession } = await import(${JSON.stringify(new URL("../../session.ts", import.meta.url).href)});
    const { embedded } = await import(${JSON.stringify(new URL("index.ts", import.meta.url).href)});
    const onProgress = ({ message }) => console.log(message);
    const runtime = embedded({ cache: ${JSON.stringify(cache)} });
    const session = await SandboxSession.open({ runtime, onProgress });
    console.log((await session.run("print(6 * 7)")).stdout);
    process.exit();`;
  const said = await Promise.all(
    [1, 2, 3].map(async () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      return text(child.stdout);
    }),
  );
  for (const one of said) expect(one).toMatch(/^42$/m);
  expect(said.join("").match(/^Starting Python/gm)).toHaveLength(1);
  expect(said.join("").match(/^Another program is starting Python/gm)).toHaveLength(2);
  expect(await readdir(cache)).toHaveLength(1);
});
