import type { Kernel, Language, PreparedFork } from "../language.ts";
import type { Logger } from "../logger.ts";
import type { Connection } from "../stream/connection.ts";

export interface ReadyProcessesOptions {
  readonly language: Language;
  readonly logger: Logger;
  /** The image's own environment. */
  readonly imageEnv: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
}

/** A run that follows the opening at once has the box's processor to itself: nothing is started ahead before this. */
const quietMs = 40;
/** Nor while it goes on, for so long at most. */
const busyMs = 1_000;

/** The interpreters that the agent keeps ready in a box. A run that comes before one is asked for starts without it. */
export class ReadyProcesses {
  readonly #connection: Connection;
  readonly #options: ReadyProcessesOptions;
  readonly #kernel: Kernel | undefined;
  /** Every further server that was asked for; true while it gives processes away. */
  readonly #forks = new Map<PreparedFork, boolean>();

  #asked = false;
  #asking: NodeJS.Timeout | undefined;
  /** What has run and was not learnt from yet. */
  readonly #ran: string[] = [];

  /** Asks for the language's first one as soon as that takes no time from anything else. */
  constructor(connection: Connection, options: ReadyProcessesOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#kernel = options.language.kernel;
    this.#askIn(quietMs);
  }

  /** The name to take a process for this code by; undefined in a language that keeps none. */
  nameFor(code = ""): string | undefined {
    const { language } = this.#options;
    if (!this.#kernel || this.#kernel.warm === "none") return undefined;
    this.#learn();
    if (!this.#asked) {
      this.#askIn(busyMs);
      return undefined;
    }
    for (const [fork, ready] of this.#forks) {
      if (ready && fork.wants(code)) return fork.name;
    }
    return language.name;
  }

  /**
   * After a run of this code: starts what it would have been quicker from, for those to come. Not in the same turn, in
   * which a session that has run all it was opened for is closed: its end would wait for the start.
   */
  learnFrom(code: string): void {
    if (this.#ran.push(code) === 1) setImmediate(() => this.#learn());
  }

  #learn(): void {
    for (const code of this.#ran.splice(0)) this.#startFor(code);
  }

  #startFor(code: string): void {
    const { memoryBytes, imageEnv } = this.#options;
    this.#ask();
    for (const fork of this.#kernel?.forks ?? []) {
      if (this.#forks.has(fork) || memoryBytes < fork.leastMemoryBytes || !fork.wants(code)) continue;
      if (!this.#connection.isOpen) return;
      this.#forks.set(fork, false);
      this.#prepare(this.#kernel!, "fork", fork.name, fork.env(imageEnv), (ready) =>
        this.#forks.set(fork, ready),
      );
    }
  }

  #askIn(milliseconds: number): void {
    clearTimeout(this.#asking);
    if (!this.#kernel || this.#kernel.warm === "none") return;
    this.#asking = setTimeout(() => this.#ask(), milliseconds).unref();
  }

  #ask(): void {
    const kernel = this.#kernel;
    if (this.#asked || !kernel || kernel.warm === "none" || !this.#connection.isOpen) return;
    this.#asked = true;
    clearTimeout(this.#asking);
    this.#prepare(kernel, kernel.warm, this.#options.language.name, {});
  }

  #prepare(
    kernel: Kernel,
    kind: "fork" | "spare",
    name: string,
    env: Readonly<Record<string, string>>,
    onChange?: (ready: boolean) => void,
  ): void {
    const stderr: Uint8Array[] = [];
    const channel = this.#connection.request(
      { op: "prepare", name, kind, argv: kernel.argv, env },
      {
        onData: (_stream, data) => {
          if (stderr.length < 16) stderr.push(new Uint8Array(data));
        },
        onEvent: (event) => {
          if (event["event"] === "ready") onChange?.(true);
        },
      },
    );
    channel.result.then(
      (result) => {
        onChange?.(false);
        const text = Buffer.concat(stderr).toString("utf8").slice(0, 4_096);
        const message = `The box has no ${name} process ready from here on; runs take longer to start.`;
        this.#options.logger.warn(message, { result, stderr: text });
      },
      () => {},
    );
  }
}
