import type { SandboxSession } from "../../../session.ts";
import type { ComparedField, ComparedProgram } from "./program-sheet.ts";

export type ComparedResult = Readonly<Record<ComparedField, unknown>>;

/** Runs a program in a folder of its own and tells everything that should be the same in every runtime. */
export async function runCompared(
  session: SandboxSession,
  folder: string,
  { code, stdin, argv, env, timeoutMs }: ComparedProgram,
): Promise<ComparedResult> {
  await session.files.makeDirectory(folder);
  const result = await session.run(code, {
    cwd: folder,
    stdin: stdin ?? "",
    timeoutMs: timeoutMs ?? 60_000,
    ...(argv ? { argv } : {}),
    ...(env ? { env } : {}),
  });
  const { error } = result;
  return {
    status: result.status,
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: withoutVersions(result.stdout),
    stderr: withoutVersions(result.stderr),
    error: error && {
      ...error,
      message: withoutVersions(error.message),
      traceback: withoutVersions(error.traceback).trimEnd(),
    },
    value: result.value,
    outputs: result.outputs,
    files: await filesOf(session, folder),
  };
}

/** Texts without what two versions of one interpreter tell in different ways. */
const sameWords: readonly (readonly [RegExp, string])[] = [
  // The version at the end of what Node prints of an error.
  [/^Node\.js v\S+$/gm, "Node.js"],
  // The numbers of errors are WebAssembly's.
  [/\[Errno \d+\]/g, "[Errno]"],
  // Frames of Python's own library, with the lines of it.
  [/^ *File "\/(?:usr\/)?lib\/python.*\n(?: {4}.*\n)*/gm, ""],
  // Frames of Node's own parts and of the kernel, and the excerpt above an error.
  [/^\s+at .*(?:node:internal|node:vm|node:async_hooks|llm-sandbox-kernel).*\n?/gm, ""],
  [
    /^(?:file:\/\/)?(?:\S*main\.[jt]s|node:\S+|undefined|<anonymous_script>):\d+\n(?:.*\n){1,2} *[\^~]+\n(?:.+\n\n|\n)?/gm,
    "",
  ],
  // How Bash calls the script that speaks.
  [/^(?:main\.sh|bash): (?:-c: )?(?:line \d+: )?/gm, "bash: "],
  // What took how long.
  [/\b\d+\.\d+(?=s\b|ms\))/g, "0.0"],
];

export function withoutVersions(text: string): string {
  return sameWords.reduce((kept, [pattern, words]) => kept.replaceAll(pattern, words), text);
}

/** Sizes of the files below a folder by their path. */
async function filesOf(session: SandboxSession, folder: string): Promise<Readonly<Record<string, number>>> {
  const entries = await session.files.list(folder, { recursive: true });
  const files = entries.filter(({ type }) => type === "file").map(({ path, size }) => [path, size] as const);
  return Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}
