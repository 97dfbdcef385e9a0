import type { CallToolResult } from "@modelcontextprotocol/server";
import { isFailure } from "@llm-sandbox/core/tool";
import type { ToolOutcome } from "@llm-sandbox/core/tool";

/** The schema of what `toolResult` hands over as structured content. */
export const resultSchema = {
  type: "object",
  properties: {
    status: {
      type: "string",
      enum: ["ok", "failed", "timed-out", "out-of-memory", "refused", "lost", "unavailable"],
      description: "How the call ended; everything but ok is an error.",
    },
    output: { type: "string", description: "The same text as in content." },
    exit_code: { type: ["integer", "null"] },
    images: {
      type: "array",
      items: {
        type: "object",
        properties: { path: { type: ["string", "null"] }, media_type: { type: "string" } },
        required: ["path", "media_type"],
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
    duration_ms: { type: "number" },
  },
  required: ["status", "output", "exit_code", "images", "files", "duration_ms"],
} as const;

/** Pictures that hosts can show a model; another one, such as SVG, would end the conversation in some. */
const shownTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);

/** Core's outcome as MCP's result: text, pictures, and the same as structured content. */
export function toolResult(outcome: ToolOutcome, showImages: boolean): CallToolResult {
  const { status, text, exitCode, images, files, durationMs } = outcome;
  const shown = showImages ? images.filter(({ mediaType }) => shownTypes.has(mediaType)) : [];
  return {
    content: [
      { type: "text", text },
      ...shown.map(({ data, mediaType }) => ({
        type: "image" as const,
        data: Buffer.from(data).toString("base64"),
        mimeType: mediaType,
      })),
    ],
    structuredContent: {
      status,
      output: text,
      exit_code: exitCode,
      images: images.map(({ path, mediaType }) => ({ path, media_type: mediaType })),
      files: files.map(({ path, size }) => ({ path, size })),
      duration_ms: durationMs,
    },
    isError: isFailure(outcome),
  };
}
