import { checkKnown, checkNumber, checkOptional, invalid } from "../option-checks.ts";
import { readArguments, schemaOf } from "./arguments.ts";
import type { Argument, ToolSchema } from "./arguments.ts";
import { failureOutcome } from "./failure-text.ts";
import { LiveOutput } from "./live-output.ts";
import type { LiveSession } from "./live-session.ts";
import { afterNotices, nothingRan } from "./tool-outcome.ts";
import type { ToolOutcome } from "./tool-outcome.ts";
import type { ToolSessions } from "./tool-sessions.ts";
import type { OutputListener } from "../box/outputs.ts";

/** For one call of a tool. */
export interface ToolCallOptions {
  /** The conversation that the call belongs to; those of another name never see its session. */
  readonly conversation?: string;
  /**
   * True: the conversation has results of earlier calls. Where its session is opened only now, because the program was started
   * again in between, the model is told that theirs is gone. Default false.
   */
  readonly continued?: boolean;
  /** Aborting kills what the call started; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told the output so far, its last 8,000 characters, at most ten times a second. */
  readonly onProgress?: (text: string) => void;
  /** Characters of output that the model wants, where it may say so; never more than the tool's own `maxOutputLength`. */
  readonly maxOutputLength?: number;
}

/** A tool in no framework's terms: adapters reshape it. */
export interface SandboxTool {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** For the model. */
  readonly description: string;
  readonly inputSchema: ToolSchema;
  /** Whether a call leaves everything in the sandbox as it is. */
  readonly readOnly: boolean;
  /**
   * Never rejects but with the signal's reason: whatever a model sends and whatever fails is an outcome with words for the
   * model. `input` may be anything, also JSON text.
   */
  call(input: unknown, options?: ToolCallOptions): Promise<ToolOutcome>;
}

/** What a tool works with. */
export interface ToolSettings {
  readonly sessions: ToolSessions;
  readonly maxTimeoutMs: number;
  readonly maxOutputLength: number;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** One call, with its arguments checked. */
export interface ToolWork {
  readonly live: LiveSession;
  readonly values: Readonly<Record<string, string | number | boolean>>;
  /** What the model has to be told first. */
  readonly notices: readonly string[];
  readonly timeoutMs: number;
  readonly maxOutputLength: number;
  readonly signal: AbortSignal | undefined;
  readonly onOutput: OutputListener | undefined;
}

/** What is different from tool to tool. */
export interface ToolDefinition extends Pick<SandboxTool, "name" | "title" | "description" | "readOnly"> {
  readonly arguments: readonly Argument[];
  /** What is wrong with arguments that are right one by one, in a sentence for the model; undefined if nothing is. */
  readonly problem?: (values: ToolWork["values"]) => string | undefined;
  run(work: ToolWork): Promise<ToolOutcome>;
}

/** Makes a tool: checks arguments, finds the conversation's session, and turns every failure into words. */
export function defineTool(definition: ToolDefinition, settings: ToolSettings): SandboxTool {
  const { name, title, description, readOnly } = definition;
  const { sessions, maxTimeoutMs } = settings;
  return {
    name,
    title,
    description,
    readOnly,
    inputSchema: schemaOf(definition.arguments),
    async call(input, options = {}) {
      checkKnown(`${name}.call`, options, [
        "conversation",
        "continued",
        "signal",
        "onProgress",
        "maxOutputLength",
      ]);
      checkOptional(options, "onProgress", "function");
      const { conversation, continued = false, signal, onProgress } = options;
      const { maxOutputLength = Number.POSITIVE_INFINITY } = options;
      checkNumber("maxOutputLength", maxOutputLength, { least: 0, most: Number.POSITIVE_INFINITY });
      signal?.throwIfAborted();
      const read = readArguments(definition.arguments, input);
      if ("problem" in read) return nothingRan("refused", `Nothing was run. ${read.problem}`);
      const { values, notes } = read;
      const problem = definition.problem?.(values);
      if (problem !== undefined) return nothingRan("refused", `Nothing was run. ${problem}`);
      const live = onProgress && new LiveOutput(onProgress);
      const request = {
        signal,
        continued,
        ...(conversation === undefined ? {} : { conversation }),
        ...(typeof values["language"] === "string" ? { language: values["language"] } : {}),
      };
      let notices = notes;
      try {
        return await sessions.use(request, (session, ofSession) => {
          notices = [...ofSession, ...notes];
          return definition.run({
            live: session,
            values,
            notices,
            timeoutMs: timeoutOf(values, session, maxTimeoutMs),
            maxOutputLength: Math.min(maxOutputLength, settings.maxOutputLength),
            signal,
            onOutput: live && ((chunk) => live.push(chunk)),
          });
        });
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        settings.onError?.(error);
        return afterNotices(failureOutcome(error, sessions.replaces), notices);
      } finally {
        live?.end();
      }
    },
  };
}

/** The language argument: required where there is a choice. */
export function languageArgument(
  languages: readonly string[],
  resolve: (name: string) => string | undefined,
  description = "The language of the code",
): Argument {
  return {
    name: "language",
    kind: "choice",
    description: languages.length === 1 ? `${description}.` : `${description}; no default.`,
    choices: languages,
    resolve,
    required: languages.length > 1,
  };
}

/** The argument that says whose sandbox is meant, where there are several: none where there is one. */
export function whoseArgument(
  languages: readonly string[],
  resolve: (name: string) => string | undefined,
): readonly Argument[] {
  if (languages.length === 1) return [];
  const description = "Whose sandbox: that of the code in this language, which has files of its own";
  return [languageArgument(languages, resolve, description)];
}

/** The time limit argument. */
export function timeoutArgument(maxTimeoutMs: number): Argument {
  return {
    name: "timeout_ms",
    kind: "number",
    description: "Time limit of this call in milliseconds.",
    least: 1,
    most: maxTimeoutMs,
  };
}

/** Throws `INVALID_OPTION` unless it can be a tool's name in every framework. */
export function checkToolName(name: unknown): void {
  if (typeof name === "string" && /^[a-zA-Z][\w-]{0,63}$/.test(name)) return;
  throw invalid("The tool's name is not a name.", "Use letters, digits, _ and -, at most 64 of them.");
}

/** Throws `INVALID_OPTION` for figures that cannot be. */
export function checkFigures(settings: Pick<ToolSettings, "maxTimeoutMs" | "maxOutputLength">): void {
  checkNumber("maxTimeoutMs", settings.maxTimeoutMs, { least: 1, most: 2_147_000_000, whole: true });
  checkNumber("maxOutputLength", settings.maxOutputLength, { least: 100, most: 10_000_000, whole: true });
}

function timeoutOf(
  values: Readonly<Record<string, string | number | boolean>>,
  { session }: LiveSession,
  most: number,
): number {
  const asked = values["timeout_ms"];
  return Math.min(typeof asked === "number" ? asked : session.facts.timeoutMs, most);
}
