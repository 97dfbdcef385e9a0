import type { ToolOutcome, ToolStatus } from "@llm-sandbox/core/tool";

/** What a call hands to the application and the user interface. Bytes are never in it: messages are sent again every turn. */
export interface SandboxToolOutput {
  /** `running` for output so far, which the next output replaces. */
  readonly status: ToolStatus | "running";
  /** What the model is told; of a run under way, its output so far. */
  readonly text: string;
  readonly exitCode: number | null;
  /** Pictures that the code drew: where they lie in the sandbox. */
  readonly images: readonly { readonly path: string; readonly mediaType: string; readonly size: number }[];
  /** Files that the call wrote: where they lie in the sandbox, with their bytes' number. */
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Of the run; while it is under way, since the call came. */
  readonly durationMs: number;
  /** Names the session: `tool.sessions.session(output.conversation)`. */
  readonly conversation: string;
}

/** The schema of `SandboxToolOutput`. */
export const outputSchema = {
  type: "object",
  properties: {
    status: {
      type: "string",
      enum: ["running", "ok", "failed", "timed-out", "out-of-memory", "refused", "lost", "unavailable"],
    },
    text: { type: "string" },
    exitCode: { type: ["integer", "null"] },
    images: {
      type: "array",
      items: {
        type: "object",
        properties: { path: { type: "string" }, mediaType: { type: "string" }, size: { type: "integer" } },
        required: ["path", "mediaType", "size"],
      },
    },
    files: {
      type: "array",
      items: {
        type: "object",
        properties: { path: { type: "string" }, size: { type: "integer" } },
        required: ["path", "size"],
      },
    },
    durationMs: { type: "number" },
    conversation: { type: "string" },
  },
  required: ["status", "text", "exitCode", "images", "files", "durationMs", "conversation"],
} as const;

/** Output so far. */
export function runningOutput(text: string, conversation: string, durationMs: number): SandboxToolOutput {
  return { status: "running", text, exitCode: null, images: [], files: [], durationMs, conversation };
}

/** The last output. */
export function finalOutput(outcome: ToolOutcome, conversation: string): SandboxToolOutput {
  const { status, text, exitCode, files, durationMs } = outcome;
  const images = outcome.images.flatMap(({ path, mediaType, data }) =>
    path === null ? [] : [{ path, mediaType, size: data.length }],
  );
  return { status, text, exitCode, images, files, durationMs, conversation };
}
