import type { CommandResult, ExecutionResult } from "../execution.ts";
import { ownLine, shownName, shownSentence } from "./own-words.ts";
import { shortenAll } from "./shorten.ts";
import type { ToolFile, ToolImage } from "./tool-outcome.ts";

/** What there is to tell of a run. */
export interface Told {
  readonly result: CommandResult & Partial<Pick<ExecutionResult, "error" | "value">>;
  readonly images: readonly Pick<ToolImage, "path" | "mediaType">[];
  readonly files: readonly ToolFile[];
  /** Whether other calls that may have written some of the files ran at the same time. */
  readonly together: boolean;
  /** Sentences that come first: a sandbox that was replaced, arguments that were ignored. */
  readonly notices: readonly string[];
  /** Whether the variables of the calls before ended with this run. */
  readonly forgot: boolean;
  readonly timeoutMs: number;
  readonly memoryBytes: number | undefined;
}

/** How many files are named one by one. */
const mostNamed = 20;

/**
 * What a model is told of a run, within about `most` characters of output: what was printed, the last value, the error with
 * its traceback, then in lines of its own what the sandbox has to say.
 */
export function resultText(told: Told, most: number): string {
  const { result, images, notices } = told;
  const parts = shortenAll(
    [
      withoutLastNewline(result.stdout),
      withoutLastNewline(result.stderr),
      tracebackOf(told),
      result.value ?? "",
    ],
    most,
  );
  const [stdout, stderr, traceback, value] = parts as [string, string, string, string];
  const lines = [
    ...notices.map(ownLine),
    stdout,
    stderr && (stdout === "" && traceback === "" && result.status !== "ok" ? stderr : `stderr:\n${stderr}`),
    traceback,
    value && `value:${value.includes("\n") ? "\n" : " "}${value}`,
    imageLine(images),
    fileLine(told),
    endLine(told),
  ].filter((part) => part !== "");
  if (lines.length === notices.length)
    lines.push(ownLine("Finished without output. Print what you want to see."));
  return lines.join("\n");
}

/** The traceback, unless the interpreter has printed it already, or the last line tells all of it. */
function tracebackOf({ result }: Told): string {
  const { error } = result;
  if (!error || isSignal(result)) return "";
  const text = withoutLastNewline(error.traceback || `${error.name}: ${error.message}`);
  return result.stderr.includes(text) ? "" : text;
}

function imageLine(images: Told["images"]): string {
  if (images.length === 0) return "";
  const places = images.map(({ path, mediaType }) =>
    path === null ? `${mediaType}, which could not be saved` : `saved at ${shownName(path)}`,
  );
  return ownLine(`${count(images.length, "image")}: ${places.join("; ")}`);
}

function fileLine({ files, together }: Told): string {
  if (files.length === 0) return "";
  const named = files.slice(0, mostNamed).map(({ path, size }) => `${shownName(path)} (${bytes(size)})`);
  const more = files.length > mostNamed ? `, and ${files.length - mostNamed} more` : "";
  const whose = together
    ? `. Other calls ran at the same time and may have written ${files.length === 1 ? "it" : "some of them"}.`
    : "";
  return ownLine(`${count(files.length, "file")} written: ${named.join(", ")}${more}${whose}`);
}

function endLine(told: Told): string {
  const { forgot } = told;
  const lost = forgot ? " The interpreter ended: variables are gone, files are still there." : "";
  const sentence = endSentence(told);
  return sentence === "" && lost === "" ? "" : ownLine(`${sentence}${lost}`.trim());
}

function endSentence({ result, timeoutMs, memoryBytes }: Told): string {
  const { status, exitCode, signal, error } = result;
  if (status === "ok") return "";
  if (status === "timed-out") {
    const unit = timeoutMs < 1_000 ? " timeout_ms is in milliseconds." : "";
    return `Stopped after ${seconds(timeoutMs)}, the time limit of this call.${unit}`;
  }
  if (status === "out-of-memory") {
    const room = memoryBytes === undefined ? "" : ` The sandbox has ${bytes(memoryBytes)} in all.`;
    return `Killed: out of memory.${room}`;
  }
  if (status === "cancelled") return "Cancelled.";
  if (isSignal(result)) return `Ended by ${signal!}. ${shownSentence(error!.message)}`;
  const how = exitCode === null ? (signal === null ? "" : ` by ${signal}`) : ` with exit code ${exitCode}`;
  return `Failed${error ? `: ${shownName(error.name)}` : ""}${how === "" ? "" : error ? `,${how}` : how}.`;
}

/** Whether the error is but a signal's meaning: it has the signal's name. */
function isSignal({ error, signal }: Told["result"]): boolean {
  return signal !== null && error?.name === signal;
}

/** "1 file", "2 files". */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** A size for a reader. */
export function bytes(size: number): string {
  if (size < 1_024) return count(size, "byte");
  const [unit, divisor] = size < 1_048_576 ? (["KiB", 1_024] as const) : (["MiB", 1_048_576] as const);
  return `${Number((size / divisor).toFixed(1))} ${unit}`;
}

/** A time for a reader. */
export function seconds(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

function withoutLastNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
