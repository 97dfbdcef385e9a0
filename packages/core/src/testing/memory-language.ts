import { basename, dirname } from "node:path/posix";
import { languages } from "../languages/index.ts";
import type { MemoryFiles } from "./memory-files.ts";

/** The language whose kernel a command line starts. */
export function languageOfKernel(argv: readonly string[]): string | undefined {
  return languages.find((language) => language.kernel && same(language.kernel.argv, argv))?.name;
}

/** A command line of a language that builds whole programs: which step of which program it is. */
export interface ProgramStep {
  readonly step: "build" | "run";
  readonly source: { readonly language: string; readonly code: string };
}

/** Recognizes the build and run steps of a program that a session has written to the box. */
export function findCode(argv: readonly string[], cwd: string, files: MemoryFiles): ProgramStep | undefined {
  const folder = /(\/[^:\s]*\/\.run-\d+)(\/|$)/.exec(argv.join(" "))?.[1];
  if (folder === undefined) return undefined;
  for (const language of languages) {
    if (!language.program) continue;
    for (const { path, node } of listed(files, folder)) {
      if (node.type !== "file") continue;
      const code = node.content.toString("utf8");
      if (basename(path) !== language.program.fileName(code) || dirname(path) !== ".") continue;
      const place = { source: `${folder}/${path}`, folder, cwd, code };
      const source = { language: language.name, code };
      if (same(language.program.run(place), argv)) return { step: "run", source };
      if (language.program.build(place).some((step) => same(step, argv))) return { step: "build", source };
    }
  }
  return undefined;
}

function listed(files: MemoryFiles, folder: string): ReturnType<MemoryFiles["list"]> {
  try {
    return files.list(folder);
  } catch {
    return [];
  }
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}
