import { invalid, shown } from "../option-checks.ts";

/** A signal by its POSIX name. */
export type SignalName = `SIG${string}`;

/** Throws `INVALID_OPTION` unless it is the name of a signal. */
export function checkSignalName(signal: unknown): asserts signal is SignalName {
  if (typeof signal === "string" && /^SIG[A-Z0-9]{2,8}$/.test(signal)) return;
  throw invalid(`${shown(signal)} is not the name of a signal.`, 'Pass one like "SIGTERM".');
}
