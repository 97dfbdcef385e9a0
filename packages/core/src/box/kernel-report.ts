import type { ExecutionError, RichOutput } from "../execution.ts";
import { FrameError } from "../stream/frame.ts";
import { numberField, stringField } from "../stream/message.ts";
import type { Message } from "../stream/message.ts";
import { mediaBundle } from "./media-bundle.ts";

const mostTextCharacters = 4 * 1_048_576;

/** What a kernel said of one run. All of it may be forged by the user's code, and only for that run. */
export class KernelReport {
  readonly outputs: RichOutput[] = [];
  error: ExecutionError | null = null;
  /** The exit code of a run in a context, once it is done. */
  done: number | null = null;
  #value: RichOutput | undefined;
  readonly #id: number | undefined;

  /** `id` is that of a run in a context: what is said to be done under another is not this run. */
  constructor(id?: number) {
    this.#id = id;
  }

  /** Takes one message; throws FrameError for what is none. */
  take(message: Message): void {
    switch (message["type"]) {
      case "display":
        this.outputs.push({ kind: "display", data: mediaBundle(message["data"]) });
        return;
      case "value":
        this.#value = { kind: "value", data: mediaBundle(message["data"]) };
        return;
      case "error":
        this.error = readError(message);
        return;
      case "done":
        if (message["id"] !== this.#id) throw new FrameError("Another run is said to be done.");
        this.done = numberField(message, "exitCode") ?? 0;
        return;
      default:
        throw new FrameError("A kernel message is of no known type.");
    }
  }

  /** The outputs, the last expression's value last. */
  get allOutputs(): readonly RichOutput[] {
    return this.#value ? [...this.outputs, this.#value] : this.outputs;
  }

  /** The last expression's value as text, or null. */
  get value(): string | null {
    const text = this.#value?.data["text/plain"];
    return typeof text === "string" ? text : null;
  }
}

function readError(message: Message): ExecutionError {
  const line = numberField(message, "line");
  return {
    name: stringField(message, "name", 1_000) ?? "Error",
    message: stringField(message, "message", mostTextCharacters) ?? "",
    traceback: stringField(message, "traceback", mostTextCharacters) ?? "",
    ...(line === null ? {} : { line }),
  };
}
