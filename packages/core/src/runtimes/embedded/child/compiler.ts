import path from "node:path";
import { heard, loadClang, ownFolder, run, stepsOf } from "./clang-tools.ts";
import type { ClangTools, ToolRun } from "./clang-tools.ts";
import { compiledHeader, takesHeader } from "./compiled-header.ts";
import { compiling } from "./compiling.ts";
import { deno } from "./deno.ts";
import { unpackFiles } from "./packed-files.ts";
import { take } from "./spawn.ts";
import type { BootSpec } from "./spawn.ts";
import { CallError, call, leave, sendData } from "./wire.ts";

const encoder = new TextEncoder();

const linking = ["--stack-first", "-z", "stack-size=8388608", `${ownFolder}/faults.o`];
/** Of C++ alone. */
const linkingExceptions = ["--wrap=__main_void", `${ownFolder}/exceptions.o`];
const emulated = ["signal", "process-clocks", "mman", "getpid"].map((part) => `-lwasi-emulated-${part}`);
/** Of GNU's compiler and of native machines; nothing is lost without them here. */
const leftOut =
  /^-(?:pthread|pipe|static|static-lib(?:gcc|stdc\+\+)|rdynamic|lstdc\+\+(?:fs)?|lpthread|lm|ldl|lrt|m(?:arch|tune|cpu)=.*|m64|s|fno-plt|fPI[CE]|no-pie|pie)$/;
const languages: Readonly<Record<string, string>> = {
  "g++": "clang++",
  "c++": "clang++",
  "clang++": "clang++",
};

/** Gets a compiler of C and C++ ready, waits for a process to become, and becomes it. */
export async function beCompiler(boot: BootSpec): Promise<void> {
  const tools = loadClang(boot, unpackFiles(deno.readFileSync(boot.compiled)));
  deno.permissions.revokeSync({ name: "read" });
  const { argv, cwd, mostOpenFiles } = take(() => false);
  try {
    leave(compile(tools, argv, { cwd, mostOpenFiles }));
  } catch (error) {
    const line = String((error as Error)?.message ?? error)
      .split("\n", 1)[0]!
      .slice(0, 300);
    sendData(2, encoder.encode(`${argv[0]}: the compiler has crashed (${line})\n`));
    leave(1);
  }
}

/** Has the driver tell the steps, then does them; returns the code of the first that fails. */
function compile(tools: ClangTools, argv: readonly string[], options: ToolRun): number {
  const driver = languages[argv[0]!.replace(/^.*\//, "").replace(/-\d+$/, "")] ?? "clang";
  const given = argv.slice(1).filter((word) => !leftOut.test(word));
  if (given.some((word) => /^(?:--version|-v|--help|-dumpversion|-dumpmachine)$/.test(word))) {
    return run(tools, [driver, ...given], options);
  }
  const { code, text } = heard(tools, [driver, "-###", ...compiling, ...given], options);
  const steps = stepsOf(text);
  if (code !== 0 || steps.length === 0) {
    sendData(
      2,
      encoder.encode(
        text.replaceAll(/^(?:clang version|Target:|Thread model:|InstalledDir:|Build config:).*\n/gm, ""),
      ),
    );
    return code || 1;
  }
  const temporary: string[] = [];
  const header =
    driver === "clang++" && takesHeader(given, options.cwd) ? [`${ownFolder}/${compiledHeader}`] : [];
  try {
    for (const step of steps) {
      const output = step[step.indexOf("-o") + 1];
      const isLink = step[0] === "wasm-ld";
      if (!isLink && output?.startsWith("/tmp/")) temporary.push(output);
      const include = header.flatMap((path) => ["-include-pch", path]);
      const code = run(
        tools,
        isLink ? linked(step) : [...step.slice(0, 2), ...include, ...step.slice(2)],
        options,
      );
      if (code !== 0) return code;
      if (isLink && output) call({ op: "chmod", path: path.resolve(options.cwd, output), mode: 0o755 });
    }
    return 0;
  } finally {
    for (const path of temporary) remove(path);
  }
}

function linked(step: readonly string[]): string[] {
  const first = step.findIndex((word) => word.endsWith("crt1-command.o"));
  const libraries = step.indexOf("-lc");
  if (first < 0 || libraries < 0) return [...step];
  const exceptions = step.includes("-lc++") ? linkingExceptions : [];
  return [
    ...step.slice(0, first + 1),
    ...linking,
    ...exceptions,
    ...step.slice(first + 1, libraries),
    ...emulated,
    ...step.slice(libraries),
  ];
}

function remove(path: string): void {
  try {
    call({ op: "unlink", path });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
  }
}
