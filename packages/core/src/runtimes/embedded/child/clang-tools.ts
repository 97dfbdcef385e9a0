import { deno } from "./deno.ts";
import type { BootSpec } from "./spawn.ts";
import { archiveFiles } from "./wasi-archive.ts";
import type { Place } from "./wasi-places.ts";
import { wasiFunctions } from "./wasi.ts";

/** One of the tools has ended. */
class ToolExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super();
    this.code = code;
  }
}

/** Clang and its linker, one program that is what its first word says. */
export interface ClangTools {
  readonly module: WebAssembly.Module;
  /** What they read of their own, at /usr. */
  readonly files: Place;
}

/** Where of the files at /usr what is made for this sandbox lies. */
export const ownFolder = "/usr/lib/sandbox" as const;
const decoder = new TextDecoder();

/** Reads the tools and their files; `more` are further files by their name in our folder. */
export function loadClang({ clang }: BootSpec, more: Readonly<Record<string, Uint8Array>>): ClangTools {
  const module = new WebAssembly.Module(deno.readFileSync(clang.tools));
  const archive = deno.readFileSync(clang.resources);
  const own = Object.entries(more).map(([name, content]) => [
    `${ownFolder.slice("/usr/".length)}/${name}`,
    content,
  ]);
  return { module, files: archiveFiles("/usr", archive, Object.fromEntries(own)) };
}

/** How one of the tools is run. */
export interface ToolRun {
  readonly cwd: string;
  readonly mostOpenFiles: number;
  /** Takes what it prints, in place of the process's own streams. */
  readonly output?: (bytes: Uint8Array) => void;
}

/** Runs one to its end and returns its code and what it has printed. */
export function heard(
  tools: ClangTools,
  argv: readonly string[],
  options: ToolRun,
): { readonly code: number; readonly text: string } {
  let text = "";
  const output = (bytes: Uint8Array): void => void (text += decoder.decode(bytes.slice(), { stream: true }));
  return { code: run(tools, argv, { ...options, output }), text };
}

/** Runs one to its end; returns its code. Throws what ends it in the middle, such as a trap. */
export function run({ module, files }: ClangTools, argv: readonly string[], options: ToolRun): number {
  const instance: WebAssembly.Instance = new WebAssembly.Instance(module, {
    wasi_snapshot_preview1: wasiFunctions({
      argv,
      env: {},
      mounts: { "/usr": files },
      folder: options.cwd,
      mostOpenFiles: () => options.mostOpenFiles,
      memory: () => instance.exports["memory"] as WebAssembly.Memory,
      exit: (code) => {
        throw new ToolExit(code);
      },
      ...(options.output && { output: options.output }),
    }),
  });
  try {
    (instance.exports["_start"] as () => void)();
    return 0;
  } catch (error) {
    if (error instanceof ToolExit) return error.code;
    throw error;
  }
}

/** The steps that the driver tells when asked by `-###`: lines that begin with ` "`, each word in quotes where it needs them. */
export function stepsOf(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith(' "'))
    .map((line) =>
      Array.from(line.matchAll(/ "((?:[^"\\]|\\.)*)"/g), ([, word]) =>
        word!.replaceAll(/\\(.)/g, "$1"),
      ).filter((word, index) => index > 0 || word !== ""),
    );
}
