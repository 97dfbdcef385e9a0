import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findLanguage, languageOfFile, languages } from "./index.ts";

describe("languages", () => {
  test("are found by name and alias in any case", () => {
    for (const [name, language] of [
      ["python", "python"],
      ["PY", "python"],
      ["js", "javascript"],
      ["TypeScript", "typescript"],
      ["ts", "typescript"],
      ["sh", "bash"],
      ["C++", "cpp"],
      ["golang", "go"],
      ["rb", "ruby"],
      ["Java", "java"],
    ] as const) {
      expect(findLanguage(name).name).toBe(language);
    }
  });

  test("that are unknown are answered with the known ones", () => {
    for (const name of [
      "cobol",
      "",
      "__proto__",
      "x".repeat(10_000),
      7 as unknown as string,
      null as unknown as string,
    ]) {
      expect(() => findLanguage(name)).toThrow(
        expect.objectContaining({ code: "UNKNOWN_LANGUAGE", message: expect.stringMatching(/^.{1,200}$/) }),
      );
    }
    expect(() => findLanguage("cobol")).toThrow(
      'There is no language "cobol". Known languages: python, javascript, typescript, bash, java, cpp, go, ruby.',
    );
  });

  test("are known by a file's extension", () => {
    expect(languageOfFile("/a/plot.PY")?.name).toBe("python");
    expect(languageOfFile("main.mjs")?.name).toBe("javascript");
    expect(languageOfFile("Main.java")?.name).toBe("java");
    expect(languageOfFile("data.csv")).toBeUndefined();
    expect(languageOfFile("py")).toBeUndefined();
  });

  test("share no name, alias or extension, and are run in one way each", () => {
    const names = languages.flatMap((language) => [language.name, ...language.aliases]);
    const extensions = languages.flatMap((language) => language.extensions);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(extensions).size).toBe(extensions.length);
    for (const language of languages) {
      expect([language.kernel, language.program].filter(Boolean), language.name).toHaveLength(1);
    }
  });

  test("have kernels that fit into one argument and are as their files are", () => {
    for (const { kernel } of languages) {
      for (const argument of kernel?.argv ?? []) expect(Buffer.byteLength(argument)).toBeLessThan(100_000);
    }
    const script = fileURLToPath(new URL("../../scripts/embed-kernels.mjs", import.meta.url));
    const check = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
    expect(check).toMatchObject({ status: 0, stderr: "" });
  });
});
