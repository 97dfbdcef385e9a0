import type { CommandResult, ExecutionError } from "./execution.ts";

const meanings: Readonly<Record<string, string>> = {
  SIGABRT:
    "Aborted: the program gave up, mostly because of a failed check, damaged memory, or a heap that was full (as Node's, which takes half of the box's memory).",
  SIGBUS: "Bus error: the program used memory that is not there.",
  SIGFPE: "Arithmetic error: mostly a division of whole numbers by zero.",
  SIGILL: "Illegal instruction: the program ran into something that is no code of this processor.",
  SIGKILL: "Killed: something ended the program at once.",
  SIGPIPE: "Broken pipe: the program wrote to something that nobody reads any more.",
  SIGSEGV: "Segmentation fault: the program used memory that is not its own, or all of its stack.",
  SIGSYS: "Bad system call: the sandbox does not allow what the program asked of the kernel.",
  SIGTERM: "Terminated: something asked the program to end.",
  SIGTRAP: "Trace trap: the program stopped itself as for a debugger.",
  SIGXFSZ: "File too large: the program wrote more into a file than the sandbox allows.",
};

/** What a signal that ended a program means, in words; null when none did, or when the sandbox itself has ended it. */
export function signalError(
  result: Pick<CommandResult, "status" | "signal">,
  told: string = "",
): ExecutionError | null {
  const { status, signal } = result;
  if (status !== "failed" || signal === null) return null;
  const known = Object.hasOwn(meanings, signal) ? meanings[signal]! : `The program was ended by ${signal}.`;
  const message = told === "" ? known : `${known.split(":", 1)[0]}: ${told}`;
  return { name: signal, message, traceback: `${signal}: ${message}` };
}
