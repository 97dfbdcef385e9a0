import { withChangedFiles } from "./box/changed-files.ts";
import { graceMs } from "./box/guard.ts";
import { encodeJob } from "./box/job.ts";
import { KernelReport } from "./box/kernel-report.ts";
import { interpreterError } from "./box/kernel-run.ts";
import type { LiveBox } from "./box/live-box.ts";
import { throwIfFailed } from "./box/operation.ts";
import { Outputs } from "./box/outputs.ts";
import type { OutputListener } from "./box/outputs.ts";
import { readProcessEnd } from "./box/process-end.ts";
import type { ProcessEnd } from "./box/process-end.ts";
import type { SessionFiles } from "./box/session-files.ts";
import { ProcessStream } from "./box/spawn-request.ts";
import { StructuredMessages } from "./box/structured-messages.ts";
import { SandboxError } from "./errors.ts";
import type { ExecutionResult, Status } from "./execution.ts";
import type { Kernel, Language } from "./language.ts";
import { checkCode, checkContextRunOptions } from "./run-options.ts";
import { signalError } from "./signal-error.ts";
import type { Channel } from "./stream/channel.ts";

/** For one run in a context. */
export interface ContextRunOptions {
  /** Time limit in milliseconds. Over it the run is interrupted; a run that ignores that ends the context. */
  readonly timeoutMs?: number;
  /** Aborting interrupts the run, like the time limit. */
  readonly signal?: AbortSignal;
  readonly onOutput?: OutputListener;
  /** Tells in the result's `changedFiles` what the run wrote. */
  readonly changedFiles?: boolean;
}

/** What a context works with. */
export interface ContextSettings {
  readonly live: LiveBox;
  readonly files: SessionFiles;
  readonly language: Language;
  readonly kernel: Kernel;
  readonly workspace: string;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

/** After an interrupt: a second one, then the end, in milliseconds. */
const secondInterruptMs = 1_000;
const patienceMs = 3_000;

/** A process that keeps variables, imports and functions between runs, like a notebook's kernel. Runs take turns. */
export class Context {
  readonly language: string;
  readonly #settings: ContextSettings;
  readonly #channel: Channel;
  readonly #messages: StructuredMessages;
  readonly #end: Promise<ProcessEnd>;
  #turn: Promise<unknown> = Promise.resolve();
  #current: { readonly outputs: Outputs; readonly report: KernelReport; done(): void } | undefined;
  #runs = 0;
  #closed = false;

  constructor(settings: ContextSettings) {
    this.#settings = settings;
    this.language = settings.language.name;
    this.#messages = new StructuredMessages((message) => {
      const run = this.#current;
      run?.report.take(message);
      if (run && run.report.done !== null) run.done();
    });
    const { kernel, live, workspace } = settings;
    const from = live.ready.nameFor();
    this.#channel = live.connection.request(
      {
        op: "spawn",
        ...(from === undefined ? { argv: kernel.argv } : { from }),
        cwd: workspace,
        stdin: "null",
        structured: true,
      },
      {
        onData: (stream, data) =>
          stream === ProcessStream.structured
            ? this.#messages.push(data)
            : this.#current?.outputs.push(stream, data),
      },
    );
    this.#end = this.#watch();
    this.#end.catch(() => {});
  }

  /** False once the context was closed or its process has ended; its variables are gone then. */
  get open(): boolean {
    return !this.#closed && this.#channel.open;
  }

  /** Runs code with the state of the runs before. Rejects with `CONTEXT_CLOSED` when that state is gone. */
  async run(code: string, options: ContextRunOptions = {}): Promise<ExecutionResult> {
    checkCode(code);
    checkContextRunOptions(options);
    const { signal } = options;
    const early = Promise.withResolvers<ExecutionResult>();
    const cancel = (): void => early.resolve(this.#neverRan());
    if (signal?.aborted) return this.#neverRan();
    signal?.addEventListener("abort", cancel, { once: true });
    const turn = this.#turn.then(() => {
      signal?.removeEventListener("abort", cancel);
      if (signal?.aborted) return this.#neverRan();
      return withChangedFiles(this.#settings.files, options.changedFiles, () => this.#run(code, options));
    });
    this.#turn = turn.catch(() => {});
    return Promise.race([turn, early.promise]);
  }

  /** Interrupts the run under way, like Ctrl-C: a program may catch it, so it may have to be called again. The context keeps its state. */
  interrupt(): void {
    if (this.#current) this.#channel.control({ op: "signal", signal: "SIGINT" });
  }

  /** Ends the process and forgets its state. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#channel.control({ op: "cancel" });
    await this.#end.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #watch(): Promise<ProcessEnd> {
    const { live, language, kernel } = this.#settings;
    try {
      const result = await this.#channel.result;
      throwIfFailed(result);
      return readProcessEnd(result, this.#channel);
    } catch (error) {
      throw interpreterError(live.connection.judge(error), language, kernel.requires);
    }
  }

  async #run(code: string, options: ContextRunOptions): Promise<ExecutionResult> {
    const { maxOutputBytes, workspace } = this.#settings;
    if (!this.open) return this.#refuse();
    const id = ++this.#runs;
    const report = new KernelReport(id);
    const interruption = new Interruption(this.#channel);
    const outputs = new Outputs({ ...options, maxOutputBytes }, () => interruption.begin("cancelled"));
    const started = performance.now();
    const done = Promise.withResolvers<void>();
    this.#messages.reset();
    this.#current = { outputs, report, done: done.resolve };
    const guard = this.#settings.live.guard();
    guard.waitsForHost = () => outputs.untaken > 0;
    guard.giveUpHost = () => outputs.abandon();
    const abort = (): void => interruption.begin("cancelled");
    options.signal?.addEventListener("abort", abort, { once: true });
    const timeoutMs = options.timeoutMs ?? this.#settings.timeoutMs;
    const timer = setTimeout(() => interruption.begin("timed-out"), timeoutMs);
    guard.arm(timeoutMs + patienceMs);
    try {
      const filename = `<run ${id}>`;
      const job = { id, mode: "context", code, filename, argv: [], env: {}, cwd: workspace } as const;
      this.#channel.write(ProcessStream.structured, encodeJob(job)).catch(() => {});
      const end = await Promise.race([done.promise, this.#end]);
      // The run is over: what its listener still has to take must neither interrupt the idle process nor end the box.
      interruption.finish();
      clearTimeout(timer);
      guard.disarm();
      // A run that was ended has no more time for a slow listener.
      const giveUp = interruption.reason && setTimeout(() => outputs.abandon(), graceMs);
      await this.#channel.consumed();
      await outputs.settled;
      clearTimeout(giveUp);
      if (outputs.failure) throw outputs.failure.error;
      const status = statusOf(end ?? undefined, report.done, interruption.reason);
      return this.#result(status, outputs, report, { started, ...(end ? { end } : {}) });
    } finally {
      this.#current = undefined;
      clearTimeout(timer);
      guard.disarm();
      interruption.finish();
      options.signal?.removeEventListener("abort", abort);
    }
  }

  /** The result of a run that was cancelled before its turn came. */
  #neverRan(): ExecutionResult {
    const outputs = new Outputs({ maxOutputBytes: this.#settings.maxOutputBytes }, () => {});
    return this.#result("cancelled", outputs, new KernelReport(), { started: 0 });
  }

  async #refuse(): Promise<never> {
    if (!this.#closed) await this.#end;
    throw new SandboxError("CONTEXT_CLOSED", "The context has ended, and its state with it.", {
      remedy: "Create a new one with session.createContext().",
    });
  }

  #result(
    status: Status,
    outputs: Outputs,
    report: KernelReport,
    facts: { readonly started: number; readonly end?: ProcessEnd },
  ): ExecutionResult {
    const signal = facts.end?.signal ?? null;
    return {
      status,
      exitCode: facts.end ? facts.end.exitCode : report.done,
      signal,
      ...outputs.captured(),
      durationMs: facts.started === 0 ? 0 : performance.now() - facts.started,
      usage: facts.end?.usage ?? { cpuMs: null, peakMemoryBytes: null },
      language: this.language,
      error: status === "ok" ? null : (report.error ?? signalError({ status, signal })),
      outputs: report.allOutputs,
      value: report.value,
    };
  }
}

/** Interrupts a run, and ends its process when that does not help. */
class Interruption {
  /** Why, once it has begun. */
  reason: "timed-out" | "cancelled" | undefined;
  readonly #channel: Channel;
  #finished = false;
  #timers: NodeJS.Timeout[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  begin(reason: "timed-out" | "cancelled"): void {
    if (this.reason || this.#finished) return;
    this.reason = reason;
    const interrupt = (): void => this.#channel.control({ op: "signal", signal: "SIGINT" });
    interrupt();
    this.#timers = [
      setTimeout(interrupt, secondInterruptMs),
      setTimeout(() => this.#channel.control({ op: "cancel" }), patienceMs),
    ];
  }

  /** Nothing is sent from here on. */
  finish(): void {
    this.#finished = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function statusOf(
  end: ProcessEnd | undefined,
  exitCode: number | null,
  interrupted: "timed-out" | "cancelled" | undefined,
): Status {
  if (end?.status === "out-of-memory") return "out-of-memory";
  if (interrupted && (end || exitCode !== 0)) return interrupted;
  if (end) return end.status === "ok" ? "failed" : end.status;
  return exitCode === 0 ? "ok" : "failed";
}
