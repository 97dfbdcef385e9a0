import type { ToolOutcome, ToolSessions } from "@llm-sandbox/core/tool";
import type { SandboxToolOutput } from "./tool-output.ts";

/** Bytes of pictures that are kept for the model's next turns. */
const mostBytes = 64 * 1_048_576;

/** The bytes of pictures whose outputs only name them. */
export class ImageStore {
  readonly #sessions: ToolSessions;
  readonly #kept = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(sessions: ToolSessions) {
    this.#sessions = sessions;
  }

  keep(toolCallId: string, { images }: ToolOutcome): void {
    for (const { path, data } of images) {
      if (path === null) continue;
      this.#kept.set(keyOf(toolCallId, path), data);
      this.#bytes += data.length;
    }
    for (const [key, data] of this.#kept) {
      if (this.#bytes <= mostBytes) return;
      this.#kept.delete(key);
      this.#bytes -= data.length;
    }
  }

  /** The picture's bytes as they were; undefined when neither memory nor the sandbox has them any more. */
  async find(
    toolCallId: string,
    { path, size }: SandboxToolOutput["images"][number],
    conversation: string,
  ): Promise<Uint8Array | undefined> {
    const kept = this.#kept.get(keyOf(toolCallId, path));
    if (kept) return kept;
    const files = this.#sessions.session(conversation)?.files;
    const found = await files?.readFile(path, { maxBytes: size }).catch(() => undefined);
    return found?.length === size ? found : undefined;
  }
}

function keyOf(toolCallId: string, path: string): string {
  return JSON.stringify([toolCallId, path]);
}
