import { expect, test } from "vitest";
import { settleOptions } from "./session-options.ts";
import type { SandboxSessionOptions } from "./session-options.ts";
import { memory } from "./testing/memory.ts";

const numbers = [Number.NaN, Infinity, -Infinity, 0, -1, "1024", null, true, {}, 5n];
const code = (options: object): string => {
  try {
    settleOptions(options as SandboxSessionOptions);
    return "accepted";
  } catch (error) {
    return String((error as { code?: string }).code);
  }
};

test("without options there is Python in its default image, no network, and moderate limits", () => {
  const settings = settleOptions();
  expect(settings).toMatchObject({
    network: "none",
    env: {},
    timeoutMs: 30_000,
    maxOutputBytes: 1_048_576,
    keepTemplate: undefined,
    image: { kind: "language", language: "python", folder: expect.stringMatching(/images.python$/) },
  });
  expect(settings.language.name).toBe("python");
  expect(settings.limits.diskBytes).toBeLessThan(settings.limits.memoryBytes);
});

const refused: Readonly<Record<string, readonly unknown[]>> = {
  timeoutMs: [...numbers, 2 ** 31],
  maxOutputBytes: [...numbers, 1_023, 1_024.5, 2 ** 40],
  image: [null, 5, "", " ", "-rm", "a b", "--privileged", "a;b", "a\0", "x".repeat(600), {}],
  dockerfile: [null, 5, "", "a\0b", {}],
  runtime: [null, 5, "docker", {}, { launch: 5 }],
  keepTemplate: [null, 5, "", "UPPER", "../up", "-x", "a b", "a".repeat(300), {}],
  network: [null, 5, "", "host", "NONE", true],
  env: [
    null,
    5,
    "A=b",
    { "": "x" },
    { "1A": "x" },
    { "A-B": "x" },
    { A: 5 },
    { A: null },
    { A: "\0" },
    { A: "\uD800" },
  ],
  verbose: [null, 1, "yes"],
  logger: [null, 5, "console", {}, { debug() {}, info() {} }],
  onProgress: [null, 5, {}],
  limits: [null, 5, "large", [], { memory: 1 }, { memoryBytes: 1 }],
};

test.each(Object.entries(refused))("%s refuses what it cannot be", (name, values) => {
  for (const value of values) {
    expect(code({ [name]: value }), `${name}: ${String(value)}`).toBe("INVALID_OPTION");
  }
});

test.each(["memoryBytes", "cpus", "processes", "diskBytes", "diskEntries", "openFiles", "lifetimeMs"])(
  "limits.%s refuses what is no amount",
  (name) => {
    for (const value of [...numbers, 2 ** 60]) {
      expect(code({ limits: { [name]: value } }), `${name}: ${String(value)}`).toBe("INVALID_OPTION");
    }
  },
);

test("every limit but cpus is a whole number", () => {
  for (const name of ["memoryBytes", "processes", "diskBytes", "diskEntries", "openFiles", "lifetimeMs"]) {
    expect(code({ limits: { [name]: 1_048_576.5 } })).toBe("INVALID_OPTION");
  }
});

test("misspelt options are refused, with the known ones in the message", () => {
  for (const name of ["lenguage", "timeout", "memory", "__proto__x", "Image"]) {
    expect(code({ [name]: 1 })).toBe("INVALID_OPTION");
  }
  expect(() => settleOptions({ timeout: 5 } as object)).toThrow(/timeoutMs/);
  for (const options of [null, 5, "python", []]) {
    expect(() => settleOptions(options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  }
});

test("an unknown language is told with the known ones", () => {
  for (const lang of ["cobol", "", "__proto__", "python ", null, 5, {}]) {
    expect(code({ lang }), `${String(lang)}`).toBe("UNKNOWN_LANGUAGE");
  }
  expect(() => settleOptions({ lang: "cobol" })).toThrow(/python, javascript/);
});

test("an image and a Dockerfile together are refused", () => {
  expect(code({ image: "python:3", dockerfile: "Dockerfile" })).toBe("INVALID_OPTION");
});

test("an allow-list of hosts is not supported yet, and is said so rather than ignored", () => {
  expect(code({ network: { allow: ["example.com"] } })).toBe("UNSUPPORTED");
});

test("good options are taken as they are", () => {
  const runtime = memory();
  const logger = { debug() {}, info() {}, warn() {} };
  const settings = settleOptions({
    lang: "JS",
    image: "registry.example.com:5000/team/image@sha256:abc",
    runtime,
    logger,
    keepTemplate: "team/setup:1",
    limits: { memoryBytes: 64 * 1_048_576, cpus: 0.5 },
    network: "full",
    env: { A_1: "x=y\n" },
    timeoutMs: 0.5 + 1,
    maxOutputBytes: 1_024,
    verbose: true,
  });
  expect(settings).toMatchObject({
    image: { kind: "reference" },
    keepTemplate: { name: "team/setup:1" },
    limits: { cpus: 0.5, memoryBytes: 64 * 1_048_576 },
    network: "full",
    env: { A_1: "x=y\n" },
  });
  expect(settings.language.name).toBe("javascript");
  expect(settings.runtime).toBe(runtime);
  expect(settings.logger).toEqual({
    debug: expect.any(Function),
    info: expect.any(Function),
    warn: expect.any(Function),
  });
  // Memory-backed files must leave memory for the program.
  expect(settings.limits.diskBytes).toBeLessThanOrEqual(32 * 1_048_576);
});

test("the options are copied: changing them later changes nothing", () => {
  const env: Record<string, string> = { A: "1" };
  const settings = settleOptions({ env });
  env["A"] = "2";
  expect(settings.env).toEqual({ A: "1" });
});
