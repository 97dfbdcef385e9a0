import { harmlessly } from "./harmlessly.ts";

/** What `verbose` writes to. `console` fits. */
export interface Logger {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
}

/** The logger, of which no error comes out: nothing may fail, or be left behind, because it could not be logged. */
export function harmless(logger: Logger): Logger {
  const guarded = (name: keyof Logger): Logger["info"] =>
    harmlessly((message: string, details?: Readonly<Record<string, unknown>>) =>
      details === undefined ? logger[name](message) : logger[name](message, details),
    );
  return { debug: guarded("debug"), info: guarded("info"), warn: guarded("warn") };
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {} };
