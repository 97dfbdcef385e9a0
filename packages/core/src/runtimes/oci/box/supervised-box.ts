import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Box, BoxExit, BoxIdentity } from "../../../runtime.ts";
import { ProcessStream } from "./process-stream.ts";
import { removeBox } from "./remove-box.ts";

export interface SupervisedBoxOptions {
  readonly id: string;
  /** The supervisor, with pipes as descriptors 0 to 3. */
  readonly supervisor: ChildProcess;
  readonly identity: BoxIdentity;
  readonly folder: string;
  readonly cgroups: readonly string[];
}

type Pipes = [input: Writable, output: Readable, errors: Readable, report: Readable];

/** How a start ended. */
export type StartReport = { readonly started: true } | { readonly started: false; readonly why: string };

const keptDiagnostics = 4096;
/** A supervisor that was told to end its box and has not after so long is killed, and its work done here. */
const patienceMs = 8_000;

/** Follows one box by what its supervisor says. */
export class SupervisedBox implements Box {
  readonly id: string;
  readonly stream: ProcessStream;
  readonly identity: BoxIdentity;
  readonly gone: Promise<BoxExit>;
  /** Settles once the OCI runtime has started the box, or has not; never rejects. */
  readonly started: Promise<StartReport>;
  readonly #options: SupervisedBoxOptions;
  readonly #report: string[] = [];
  readonly #reported: Promise<void>;
  #diagnostics = "";
  #destroying: Promise<void> | null = null;

  constructor(options: SupervisedBoxOptions) {
    const { id, identity, supervisor } = options;
    this.#options = options;
    this.id = id;
    this.identity = identity;
    const [input, output, errors, report] = supervisor.stdio as unknown as Pipes;
    errors.setEncoding("utf8").on("data", (text: string) => {
      this.#diagnostics = (this.#diagnostics + text).slice(-keptDiagnostics);
    });
    errors.on("error", () => {});
    const started = Promise.withResolvers<StartReport>();
    this.started = started.promise;
    this.#reported = this.#follow(report, started.resolve);
    this.gone = this.#watch(started.resolve);
    this.stream = new ProcessStream(input, output, this.gone);
    // Whoever uses the stream hears of its end; nobody may be using it yet, or any more.
    this.stream.on("error", () => {});
  }

  /** The end of what was written to standard error, with control characters made visible. */
  diagnostics(): string {
    return this.#diagnostics.replace(/[^\P{C}\n\t]/gu, "\uFFFD");
  }

  destroy(): Promise<void> {
    this.#destroying ??= this.#destroy();
    return this.#destroying;
  }

  async #destroy(): Promise<void> {
    this.stream.destroy();
    const { supervisor } = this.#options;
    supervisor.kill("SIGTERM");
    const late = setTimeout(() => supervisor.kill("SIGKILL"), patienceMs);
    await this.gone;
    clearTimeout(late);
  }

  #follow(report: Readable, settle: (report: StartReport) => void): Promise<void> {
    let text = "";
    report.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        this.#report.push(line);
        // Without a process the OCI runtime has only said so.
        if (line === "started 0") settle({ started: false, why: "the OCI runtime has started no process" });
        else if (line.startsWith("started ")) settle({ started: true });
      }
    });
    report.on("error", () => {});
    return new Promise((resolve) => report.once("close", resolve));
  }

  async #watch(settle: (report: StartReport) => void): Promise<BoxExit> {
    const { supervisor, folder, cgroups } = this.#options;
    const end = await new Promise<{ killed: boolean; failure?: Error }>((resolve) => {
      supervisor.once("error", (failure) => resolve({ killed: true, failure }));
      supervisor.once("exit", (code) => resolve({ killed: code !== 0 }));
    });
    await this.#reported;
    let message = end.failure?.message;
    const starved = this.#report.some((line) => line.startsWith("starved "));
    if (end.killed) {
      await removeBox(folder, cgroups).catch((error: Error) => {
        message = error.message;
      });
    }
    settle({ started: false, why: message ?? this.#report[0] ?? "it was killed" });
    const exit = exitOf(this.#report, end.killed);
    const told = message ?? (starved ? "out of memory: the whole box needed more than its limit" : undefined);
    return {
      ...exit,
      ...(told === undefined ? {} : { message: told }),
      ...(this.#destroying && message === undefined ? { reason: "destroyed" } : {}),
    };
  }
}

function exitOf(report: readonly string[], killed: boolean): BoxExit {
  const [word, figure] = report.at(-1)?.split(" ") ?? [];
  const number = Number(figure);
  if (word === "exited") return { reason: "exited", exitCode: number };
  if (word === "signalled") return { reason: "killed", exitCode: 128 + number };
  return { reason: killed ? "killed" : "removed", exitCode: null };
}
