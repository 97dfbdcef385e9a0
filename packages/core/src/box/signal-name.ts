import { invalid, shown } from "../option-checks.ts";

/** Signals that can be sent to a process: those that POSIX names, as the agent knows them (docs/protocol.md). */
const names = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGKILL",
  "SIGUSR1",
  "SIGSEGV",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGTERM",
  "SIGSTKFLT",
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "SIGPWR",
  "SIGSYS",
] as const;

/** A signal by its POSIX name. */
export type SignalName = (typeof names)[number];

/** Throws `INVALID_OPTION` unless it is the name of a signal. */
export function checkSignalName(signal: unknown): asserts signal is SignalName {
  if ((names as readonly unknown[]).includes(signal)) return;
  throw invalid(`${shown(signal)} is not the name of a signal.`, 'Pass one like "SIGTERM".');
}
