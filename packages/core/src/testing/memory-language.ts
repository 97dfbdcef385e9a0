import { dirname } from "node:path/posix";
import { same } from "../agent/kernel-language.ts";
import { languages } from "../languages/index.ts";
import type { MemoryFiles } from "../agent/memory-files.ts";

/** A command line of a language that builds whole programs: which step of which program it is. */
export interface ProgramStep {
  readonly step: "build" | "run";
  readonly source: { readonly language: string; readonly code: string };
}

/** Recognizes the build and run steps of a program that a session has written to the box. */
export function findCode(argv: readonly string[], cwd: string, files: MemoryFiles): ProgramStep | undefined {
  const folder = /^\/[^:\s]*\/\.run-\d+/.exec(
    [cwd, ...argv].find((part) => part.includes("/.run-")) ?? "",
  )?.[0];
  if (folder === undefined) return undefined;
  for (const { path, node } of listed(files, folder)) {
    if (node.type !== "file") continue;
    const code = node.content.toString("utf8");
    const place = { source: path, folder, cwd: dirname(folder), code };
    for (const { name, program } of languages) {
      if (program?.fileName(code) !== path) continue;
      const source = { language: name, code };
      if (same(program.run(place), argv)) return { step: "run", source };
      if (program.build(place).some((step) => same(step, argv))) return { step: "build", source };
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
