import { SandboxError } from "../errors.ts";
import type { ExecutionResult } from "../execution.ts";
import type { Kernel, Language } from "../language.ts";
import { signalError } from "../signal-error.ts";
import type { Connection } from "../stream/connection.ts";
import { execute } from "./execute.ts";
import type { ExecuteOptions } from "./execute.ts";
import { encodeJob } from "./job.ts";
import type { Job } from "./job.ts";
import { KernelReport } from "./kernel-report.ts";
import { ProcessStream } from "./spawn-request.ts";
import { StructuredMessages } from "./structured-messages.ts";

/** Runs code once in a fresh process of a language with a kernel. */
export async function runInKernel(
  connection: Connection,
  language: Language,
  kernel: Kernel,
  job: Job,
  options: ExecuteOptions & { readonly timeoutMs: number; readonly from: string | undefined },
): Promise<ExecutionResult> {
  const report = new KernelReport();
  const messages = new StructuredMessages((message) => report.take(message));
  const result = await execute(
    connection,
    {
      ...(options.from === undefined ? { argv: kernel.argv } : { from: options.from }),
      env: forInterpreter(job.env),
      cwd: job.cwd,
      structured: true,
      timeoutMs: options.timeoutMs,
    },
    {
      ...options,
      onStructured: (data) => messages.push(data),
      onChannel: (channel) => {
        channel.write(ProcessStream.structured, encodeJob(job)).catch(() => {});
      },
    },
  ).catch((error: unknown) => {
    throw interpreterError(error, language, kernel.requires);
  });
  return {
    ...result,
    language: language.name,
    error: result.status === "ok" ? null : (report.error ?? signalError(result)),
    outputs: report.allOutputs,
    value: report.value,
  };
}

/** The interpreter is found in the box's own PATH; the run's, which its kernel sets, is for what the code starts. */
function forInterpreter({ PATH: _, ...env }: Job["env"]): Job["env"] {
  return env;
}

/** `LANGUAGE_UNAVAILABLE` in place of a program that is not in the box. */
export function interpreterError(error: unknown, language: Language, requires: string): unknown {
  if (!SandboxError.is(error, "FILE_NOT_FOUND") && !SandboxError.is(error, "COMMAND_NOT_FOUND")) return error;
  return new SandboxError("LANGUAGE_UNAVAILABLE", `The box cannot run ${language.name}.`, {
    remedy: `Use an image with ${requires}, or leave image out for the default one.`,
    cause: error,
  });
}
