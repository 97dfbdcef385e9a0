import type { CommandResult, ExecutionError, ExecutionResult, OutputChunk } from "../execution.ts";
import type { Language, Program, ProgramFiles } from "../language.ts";
import { signalError } from "../signal-error.ts";
import type { Connection } from "../stream/connection.ts";
import { execute } from "./execute.ts";
import type { ExecuteOptions } from "./execute.ts";
import type { Job } from "./job.ts";
import { interpreterError } from "./kernel-run.ts";
import { operate } from "./operation.ts";
import type { SessionFiles } from "./session-files.ts";

export interface ProgramOptions extends ExecuteOptions {
  readonly timeoutMs: number;
  readonly files: SessionFiles;
  /** Where the folders of runs are made. */
  readonly workspace: string;
}

/** Builds and runs a whole program. A build step that fails is the result, as `CompileError`. */
export async function runProgram(
  connection: Connection,
  language: Language,
  program: Program,
  job: Job,
  options: ProgramOptions,
): Promise<ExecutionResult> {
  const folder = `${options.workspace}/.run-${job.id}`;
  const files: ProgramFiles = {
    folder,
    source: program.fileName(job.code),
    cwd: job.cwd,
    code: job.code,
  };
  const deadline = performance.now() + options.timeoutMs;
  const step = (
    argv: readonly string[],
    cwd: string,
    more: Partial<ExecuteOptions>,
  ): Promise<CommandResult> => {
    const timeoutMs = Math.max(1, Math.ceil(deadline - performance.now()));
    const request = { argv, env: job.env, cwd, timeoutMs };
    return execute(connection, request, { ...options, ...more }).catch((error: unknown) => {
      throw interpreterError(error, language, program.requires);
    });
  };
  try {
    await options.files.writeFile(`${folder}/${files.source}`, job.code);
    let builtMs = 0;
    for (const argv of await buildSteps(program, files, options.files)) {
      const listener = options.onOutput && readable(options.onOutput, folder);
      const built = await step(argv, folder, { input: undefined, onOutput: listener });
      if (built.status !== "ok") return buildFailure(language, built, folder, builtMs);
      builtMs += built.durationMs;
    }
    const ran = await step([...program.run(files), ...job.argv], job.cwd, {});
    const result = withoutFolder(ran, folder);
    return {
      ...result,
      durationMs: builtMs + result.durationMs,
      language: language.name,
      error: runFailure(program, result, files.source),
      outputs: [],
      value: null,
    };
  } finally {
    const removal = { op: "remove", path: folder, recursive: true, missingOk: true };
    await operate(connection, removal).catch(() => {});
  }
}

/** What went wrong, in the language's words or else the signal's. */
function runFailure(program: Program, result: CommandResult, source: string): ExecutionError | null {
  if (result.status !== "failed") return null;
  const { exitCode, signal, stderr } = result;
  return program.failure?.({ exitCode, signal, stderr, source }) ?? signalError(result);
}

async function buildSteps(
  program: Program,
  files: ProgramFiles,
  box: SessionFiles,
): Promise<readonly (readonly string[])[]> {
  const { prepared } = program;
  return prepared && (await box.exists(prepared.file)) ? prepared.build(files) : program.build(files);
}

function buildFailure(
  language: Language,
  built: CommandResult,
  folder: string,
  builtMs: number,
): ExecutionResult {
  const result = withoutFolder(built, folder);
  const text = result.stderr.trim() || result.stdout.trim();
  const message = compilerMessage(text);
  const line = /:(\d+)(?::\d+)?:/.exec(message)?.[1];
  return {
    ...result,
    durationMs: builtMs + result.durationMs,
    language: language.name,
    error:
      result.status === "failed"
        ? {
            name: "CompileError",
            message,
            traceback: text,
            ...(line === undefined ? {} : { line: Number(line) }),
          }
        : null,
    outputs: [],
    value: null,
  };
}

/** The line of a compiler's output that says what is wrong; before it there may be one that says where, and warnings. */
function compilerMessage(text: string): string {
  const lines = text.split("\n");
  const found =
    lines.find((line) => line.includes("undefined reference to ")) ??
    lines.find((line) => line.includes(" error: ")) ??
    lines.find((line) => /:\d+:\d+: /.test(line));
  return found ?? lines[0] ?? "";
}

/** Tools name files by their path; the user knows only the file's name. */
function withoutFolder<Result extends CommandResult>(result: Result, folder: string): Result {
  const clean = (text: string): string => text.replaceAll(`${folder}/`, "");
  return { ...result, stdout: result.stdout, stderr: clean(result.stderr) };
}

function readable(
  listener: NonNullable<ExecuteOptions["onOutput"]>,
  folder: string,
): NonNullable<ExecuteOptions["onOutput"]> {
  return (chunk: OutputChunk) => listener({ ...chunk, text: chunk.text.replaceAll(`${folder}/`, "") });
}
