import { StringDecoder } from "node:string_decoder";
import type { CommandResult, OutputChunk, OutputStream } from "../execution.ts";
import { CapturedOutput } from "./captured-output.ts";

/** Called with output as it comes. A returned promise slows the program down until it settles. */
export type OutputListener = (chunk: OutputChunk) => void | Promise<void>;

export interface OutputsOptions {
  readonly onOutput?: OutputListener | undefined;
  readonly maxOutputBytes: number;
}

const names: Readonly<Record<number, OutputStream>> = { 1: "stdout", 2: "stderr" };

/** Standard output and error of one run: kept, counted and told to a listener. */
export class Outputs {
  /** Resolves when the listener has taken everything. */
  settled: Promise<void> = Promise.resolve();
  /** Pieces that the listener has not taken yet. */
  untaken = 0;
  /** What the listener threw first: the run is cancelled for it. */
  failure: { readonly error: unknown } | undefined;
  readonly #abandoned: PromiseWithResolvers<void> = Promise.withResolvers();
  #isAbandoned = false;
  readonly #listener: OutputListener | undefined;
  readonly #cancel: () => void;
  readonly #captured: Record<OutputStream, CapturedOutput>;
  readonly #decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };

  constructor(options: OutputsOptions, cancel: () => void) {
    this.#cancel = cancel;
    this.#listener = options.onOutput;
    this.#captured = {
      stdout: new CapturedOutput(options.maxOutputBytes),
      stderr: new CapturedOutput(options.maxOutputBytes),
    };
  }

  push(stream: number, data: Uint8Array): void | Promise<void> {
    const name = names[stream]!;
    this.#captured[name].push(data);
    if (this.#listener) return this.#tell(name, this.#decoders[name].write(data as Buffer));
  }

  end(stream: number): void {
    const name = names[stream];
    if (name && this.#listener) this.#tell(name, this.#decoders[name].end());
  }

  /** The listener is told nothing more and not waited for: the run's time is over. What was captured stays. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#abandoned.resolve();
  }

  captured(): Pick<CommandResult, "stdout" | "stderr" | "truncated"> {
    const { stdout, stderr } = this.#captured;
    return {
      stdout: stdout.text,
      stderr: stderr.text,
      truncated: { stdout: stdout.truncation, stderr: stderr.truncation },
    };
  }

  #tell(stream: OutputStream, text: string): void | Promise<void> {
    if (text === "" || this.failure || this.#isAbandoned) return;
    try {
      const pending = this.#listener!({ stream, text });
      if (!pending) return;
      const taken = this.#wait(pending);
      this.settled = this.settled.then(() => taken);
      return taken;
    } catch (error) {
      this.#fail(error);
    }
  }

  async #wait(pending: Promise<void>): Promise<void> {
    this.untaken += 1;
    try {
      await Promise.race([pending, this.#abandoned.promise]);
    } catch (error) {
      this.#fail(error);
    }
    this.untaken -= 1;
  }

  #fail(error: unknown): void {
    this.failure ??= { error };
    this.#cancel();
  }
}
