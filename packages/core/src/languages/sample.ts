import type { Status } from "../execution.ts";

/** A small whole program and what comes of it. Every runtime is tried with those of every language. */
export interface Sample {
  /** `hello`; unique in its language. */
  readonly name: string;
  readonly code: string;
  readonly stdin?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly expected: SampleResult;
}

/** What is left out may be anything; texts are the whole of theirs. */
export interface SampleResult {
  /** Default `ok`. */
  readonly status?: Status;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly stdout?: string;
  /** The last expression's value as text. */
  readonly value?: string | null;
  /** Null: none may be told of. A message is a part of the whole. */
  readonly error?: { readonly name: string; readonly message?: string; readonly line?: number } | null;
  /** `display image/png text/plain`: kind and media types of every rich output, the types sorted. */
  readonly outputs?: readonly string[];
}

/** A program in lines. */
export function lines(...text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}
