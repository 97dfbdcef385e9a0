import { expect, test } from "vitest";
import { memory } from "../memory.ts";
import { conformanceCases } from "./cases.ts";
import { testRuntime } from "./test-runtime.ts";
import type { ConformanceException, TestRunner } from "./test-runtime.ts";

/** Declares the suite for a runner that runs nothing; returns the names of tests, of skipped ones apart. */
function declared(exceptions: readonly ConformanceException[]): { tests: string[]; skipped: string[] } {
  const tests: string[] = [];
  const skipped: string[] = [];
  const test = (name: string): number => tests.push(name);
  const runner: TestRunner = {
    describe: (_name, body) => body(),
    test: Object.assign(test, { concurrent: test, skip: (name: string) => skipped.push(name) }),
    afterAll: () => {},
  };
  testRuntime({ name: "memory", runtime: () => memory(), runner, exceptions });
  return { tests, skipped };
}

test("every case has an id of its own, in its category", () => {
  const ids = conformanceCases.flatMap(({ title, cases }) =>
    cases.map(({ id }) => {
      expect(id.startsWith(`${title[0]}/`)).toBe(true);
      return id;
    }),
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(150);
});

test("an exception is shown as skipped with its reason, and nothing else is", () => {
  const { tests, skipped } = declared([{ case: "A/inodes", reason: "files are not counted here" }]);
  expect(skipped).toHaveLength(1);
  expect(skipped[0]).toMatch(/^A\/inodes: .*files are not counted here/);
  expect(tests.some((name) => name.startsWith("A/inodes"))).toBe(false);
  expect(tests.length).toBe(conformanceCases.flatMap(({ cases }) => cases).length - 1 + 2);
});

test("an exception for a case that does not exist, or without a reason, is an error", () => {
  expect(() => declared([{ case: "A/nothing", reason: "there is no such case" }])).toThrow(/A\/nothing/);
  expect(() => declared([{ case: "A/inodes", reason: " " }])).toThrow(/reason/);
});
