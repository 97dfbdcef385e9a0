import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SandboxError } from "@llm-sandbox/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseCommand } from "./command.ts";
import { UsageError } from "./usage-error.ts";

let folder: string;
let script: string;
let latin: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "command-test-"));
  script = join(folder, "script.py");
  await writeFile(script, "print(1)");
  latin = join(folder, "latin.py");
  await writeFile(latin, Buffer.from("print('é')", "latin1"));
});
afterAll(() => rm(folder, { recursive: true }));

test("tells the language by the extension, unless told", async () => {
  expect(await parseCommand(["run", script])).toMatchObject({
    name: "run",
    code: "print(1)",
    lang: "python",
    timeoutMs: 60_000,
    network: "none",
  });
  expect(await parseCommand(["run", script, "--lang", "js"])).toMatchObject({ lang: "javascript" });
});

test("turns units into the library's", async () => {
  const args = ["run", script, "--timeout", "1.5", "--memory", "64", "--network", "full"];
  expect(await parseCommand(args)).toMatchObject({
    timeoutMs: 1500,
    memoryBytes: 64 * 1024 * 1024,
    network: "full",
  });
});

test.each([
  [["run"], /needs a file/],
  [["run", "absent.py"], /Cannot read absent\.py/],
  [["run", "SCRIPT", "more"], /one file/],
  [["frobnicate"], /Unknown command "frobnicate"/],
  [["run", "SCRIPT", "--frobnicate"], /frobnicate/],
  [["run", "SCRIPT", "--lang", "cobol"], /cobol.*python/s],
  [["run", "SCRIPT", "--timeout", "0"], /--timeout/],
  [["run", "SCRIPT", "--timeout", "NaN"], /--timeout/],
  [["run", "SCRIPT", "--timeout", "1e9"], /--timeout is at most 2000000 \(seconds\)/],
  [["run", "SCRIPT", "--memory", "1e12"], /--memory is at most \d+ \(MiB\)/],
  [["run", "LATIN"], /it is not text in UTF-8/],
  [["run", "."], /it is a folder/],
  [["run", "SCRIPT", "--timeout", "-1"], /^--timeout needs a value; .* --timeout=-…$/],
  [["run", "SCRIPT", "--timeout=-1"], /^--timeout is a positive number of seconds, not "-1"\.$/],
  [["run", "SCRIPT", "--lang"], /^Option '--lang <value>' argument missing$/],
  [["run", "SCRIPT", "--memory", "Infinity"], /--memory/],
  [["run", "SCRIPT", "--network", "some"], /--network/],
  [["run", "SCRIPT", "--memory", "1"], /at least 32 \(MiB\)/],
  [["run", "SCRIPT", "--runtime", "chroot"], /auto, docker or oci or embedded, not "chroot"/],
  [["run", "SCRIPT", "--in", "a:b:c"], /--in takes PATH/],
  [["doctor", "now"], /doctor takes no arguments/],
  [["shell", "--lang", "cobol"], /cobol/],
  [["tour", "more"], /tour takes no arguments/],
])("rejects %j", async (args, message) => {
  const files: Readonly<Record<string, string>> = { SCRIPT: script, LATIN: latin };
  const run = parseCommand(args.map((arg) => files[arg] ?? arg));
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toSatisfy(
    (value) => value instanceof UsageError || SandboxError.is(value, "UNKNOWN_LANGUAGE"),
  );
  expect((error as Error).message).toMatch(message);
});

test("reads what goes in and comes out, and the runtime", async () => {
  const args = ["--in", "data/a.csv", "--in", "b:c/d", "--out", "r.png", "--json", "--runtime", "oci"];
  expect(await parseCommand(["run", script, ...args])).toMatchObject({
    inputs: [
      { from: "data/a.csv", to: "a.csv" },
      { from: "b", to: "c/d" },
    ],
    outputs: [{ from: "r.png", to: "r.png" }],
    json: true,
    runtime: "oci",
  });
  expect(await parseCommand(["shell", "--lang", "js"])).toMatchObject({ name: "shell", lang: "javascript" });
  expect(await parseCommand(["doctor"])).toEqual({ name: "doctor" });
  expect(await parseCommand(["clean"])).toEqual({ name: "clean", yes: false, dryRun: false });
  expect(await parseCommand(["clean", "--runtime", "oci"])).toMatchObject({ name: "clean", runtime: "oci" });
  expect(await parseCommand(["clean", "--yes"])).toEqual({ name: "clean", yes: true, dryRun: false });
  expect(await parseCommand(["clean", "--dry-run"])).toEqual({ name: "clean", yes: false, dryRun: true });
});

test("a time limit is a whole number of milliseconds, at least one", async () => {
  for (const [text, timeoutMs] of [
    ["1.2345", 1235],
    ["0.00001", 1],
  ] as const) {
    expect(await parseCommand(["run", script, "--timeout", text])).toMatchObject({ timeoutMs });
  }
});
