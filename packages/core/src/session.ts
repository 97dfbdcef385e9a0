import { randomUUID } from "node:crypto";
import { auto, chosenFailed } from "./auto.ts";
import { BoxProcess } from "./box/box-process.ts";
import { withChangedFiles } from "./box/changed-files.ts";
import { copyFromBox } from "./box/copy-from-box.ts";
import type { CopyLimits, CopyReport } from "./box/copy-limits.ts";
import { copyToBox } from "./box/copy-to-box.ts";
import { execute } from "./box/execute.ts";
import type { ExecuteOptions } from "./box/execute.ts";
import type { Job } from "./box/job.ts";
import type { Kernel } from "./language.ts";
import { runInKernel } from "./box/kernel-run.ts";
import { LiveBox } from "./box/live-box.ts";
import { runProgram } from "./box/program-run.ts";
import { SessionFiles } from "./box/session-files.ts";
import { saveWorkspace } from "./box/save-workspace.ts";
import { commandLine, commandResult } from "./command.ts";
import { Context } from "./context.ts";
import { SandboxError } from "./errors.ts";
import type { CommandResult, ExecutionResult } from "./execution.ts";
import {
  checkHostPath,
  checkKnown,
  checkObject,
  checkNumber,
  checkSignal,
  invalid,
} from "./option-checks.ts";
import {
  checkCode,
  checkCommandOptions,
  checkRunOptions,
  checkSpawnOptions,
  inputBytes,
} from "./run-options.ts";
import type { CommandOptions, RunOptions, SpawnOptions } from "./run-options.ts";
import { RunningCode } from "./running-code.ts";
import type { BoxSpec, Runtime, Template } from "./runtime.ts";
import { checkFeatures } from "./runtime-features.ts";
import { closedError, templateLost } from "./session-errors.ts";
import { checkTemplateName, settleOptions } from "./session-options.ts";
import type { SandboxSessionOptions, SessionSettings } from "./session-options.ts";
import { librariesOf } from "./session-facts.ts";
import type { SessionFacts } from "./session-facts.ts";

/** Cancels an operation; it rejects with the signal's reason. */
export interface SignalOption {
  readonly signal?: AbortSignal;
}

/** For copies out of the box. */
export interface CopyFromOptions extends SignalOption, Partial<CopyLimits> {}

const workspace = "/workspace";
const defaultCopyLimits: CopyLimits = { maxBytes: 4 * 2 ** 30, maxEntries: 1_000_000 };

/**
 * An isolated box that runs code. Files stay between runs; processes and variables do not, except in a context.
 *
 * ```ts
 * await using session = await SandboxSession.open({ lang: "python" });
 * const result = await session.run("print(6 * 7)");
 * console.log(result.stdout); // 42
 * ```
 */
export class SandboxSession implements AsyncDisposable {
  /** Unique; part of the box's name in its runtime. */
  readonly id: string = randomUUID();
  /** The box's files. */
  readonly files: SessionFiles;
  readonly #settings: SessionSettings;
  #state: "new" | "opening" | "open" | "closed" = "new";
  #live: LiveBox | undefined;
  #runtime: Runtime | undefined;
  #closing: Promise<void> | undefined;
  #opening: AbortController | undefined;
  /** Settles when an `open()` under way has ended, one way or the other. */
  #opened: Promise<void> = Promise.resolve();
  #jobs = 0;
  #template: Template | undefined;

  /** Checks the options and starts nothing; `open()` does. Throws a SandboxError for an option that cannot be. */
  constructor(options: SandboxSessionOptions = {}) {
    this.#settings = settleOptions(options);
    this.files = new SessionFiles(() => this.#box().connection, workspace);
  }

  /** A session that is open. Rejects with a SandboxError, or with the signal's reason; nothing is left behind then. */
  static async open(options: SandboxSessionOptions & SignalOption = {}): Promise<SandboxSession> {
    checkObject("SandboxSession.open", options);
    const { signal, ...rest } = options;
    const session = new SandboxSession(rest);
    await session.open(signal === undefined ? {} : { signal });
    return session;
  }

  /** The language that `run` takes. */
  get language(): string {
    return this.#settings.language.name;
  }

  /** True while code can be run: opened, not closed, and its box is still there. */
  get isOpen(): boolean {
    return this.#state === "open" && this.#live?.connection.failure === undefined;
  }

  /** What the session's code may count on; for descriptions, of a session that is not open yet too. */
  get facts(): SessionFacts {
    const { language, limits, network, timeoutMs, image } = this.#settings;
    const runtime = this.#runtime ?? this.#settings.runtime;
    return {
      language: language.name,
      contexts: language.kernel?.contexts ?? false,
      workspace,
      limits,
      network,
      timeoutMs,
      image: image.kind,
      libraries: image.kind === "language" ? librariesOf(language, runtime) : undefined,
      runtime: runtime?.name,
    };
  }

  /** The image that `keepTemplate` made at `close()`, to be passed as `image` of a later session. */
  get template(): string | undefined {
    return this.#template?.reference;
  }

  /** Starts the box. Makes its image ready first, which can take minutes the first time; see `onProgress`. */
  async open(options: SignalOption = {}): Promise<void> {
    checkKnown("open", options, ["signal"]);
    checkSignal(options.signal);
    if (this.#state === "closed") throw closedError();
    if (this.#state !== "new") throw invalid("The session is open already.", "Call open() once.");
    this.#state = "opening";
    const local = new AbortController();
    this.#opening = local;
    const ended = Promise.withResolvers<void>();
    this.#opened = ended.promise;
    const signal = options.signal ? AbortSignal.any([options.signal, local.signal]) : local.signal;
    try {
      signal.throwIfAborted();
      const runtime = this.#settings.runtime ?? (await this.#chosen(signal));
      this.#runtime = runtime;
      this.#live = await this.#launch(runtime, signal).catch(async (error: unknown) => {
        const { language, image } = this.#settings;
        throw this.#settings.runtime ? error : await chosenFailed(error, { language: language.name, image });
      });
      if (local.signal.aborted) {
        await this.#live.remove();
        throw closedError();
      }
      this.#state = "open";
    } catch (error) {
      this.#live = undefined;
      this.#state = "closed";
      throw error;
    } finally {
      this.#opening = undefined;
      ended.resolve();
    }
  }

  /** Runs code in a fresh process on the session's files. The code's failure is a result; only the sandbox's own failure rejects. */
  async run(code: string, options: RunOptions = {}): Promise<ExecutionResult> {
    checkCode(code);
    checkRunOptions(options);
    const live = this.#box();
    const { language } = this.#settings;
    const id = ++this.#jobs;
    const job: Job = {
      id,
      mode: "script",
      code,
      filename: language.program ? language.program.fileName(code) : `main${language.extensions[0]}`,
      argv: options.argv ?? [],
      env: options.env ?? {},
      cwd: await this.#folder(options.cwd),
    };
    const execution = { ...this.#execution(live, options), timeoutMs: this.#timeout(options) };
    const { kernel, program } = language;
    const result = await withChangedFiles(this.files, options.changedFiles, () =>
      kernel
        ? this.#runInKernel(live, kernel, job, execution)
        : runProgram(live.connection, language, program!, job, {
            ...execution,
            files: this.files,
            workspace,
          }),
    );
    this.#log(`Ran ${language.name}`, result);
    return result;
  }

  /**
   * Runs code as `run` does and hands its output over as it comes:
   *
   * ```ts
   * const running = session.stream("for i in range(3): print(i)");
   * for await (const { stream, text } of running) process[stream].write(text);
   * const { status } = await running.result;
   * ```
   */
  stream(code: string, options: Omit<RunOptions, "onOutput"> = {}): RunningCode {
    const { signal } = options;
    return new RunningCode((onOutput, left) =>
      this.run(code, { ...options, onOutput, signal: signal ? AbortSignal.any([signal, left]) : left }),
    );
  }

  /** Runs a command: a string by the image's shell, an array exactly as it is. */
  async executeCommand(
    command: string | readonly string[],
    options: CommandOptions = {},
  ): Promise<CommandResult> {
    checkCommandOptions(options);
    const argv = commandLine(command);
    const live = this.#box();
    const request = {
      argv,
      env: options.env ?? {},
      cwd: await this.#folder(options.cwd),
      timeoutMs: this.#timeout(options),
    };
    const result = await withChangedFiles(this.files, options.changedFiles, () =>
      commandResult(argv, execute(live.connection, request, this.#execution(live, options))),
    );
    this.#log(`Ran the command ${JSON.stringify(argv.join(" ").slice(0, 100))}`, result);
    return result;
  }

  /** Starts a process whose streams the caller holds. Without `timeoutMs` it may run as long as the session. */
  async spawn(command: string | readonly string[], options: SpawnOptions = {}): Promise<BoxProcess> {
    checkSpawnOptions(options);
    const argv = commandLine(command);
    const { connection } = this.#box();
    const request = {
      argv,
      env: options.env ?? {},
      cwd: await this.#folder(options.cwd),
      stdin: options.stdin ? "stream" : "null",
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    } as const;
    return BoxProcess.start(connection, request, options.signal);
  }

  /** A process that keeps variables between runs. `UNSUPPORTED` for languages that run whole programs. */
  createContext(): Context {
    const live = this.#box();
    const { language, timeoutMs, maxOutputBytes } = this.#settings;
    const { kernel } = language;
    if (!kernel?.contexts) {
      throw new SandboxError("UNSUPPORTED", `${language.name} has no contexts.`, {
        remedy: "Use run(): files stay between runs.",
      });
    }
    return new Context({ live, files: this.files, language, kernel, workspace, timeoutMs, maxOutputBytes });
  }

  /**
   * Copies a file or folder of this machine into the box, streamed. Links stay links. Resolves with what was left out.
   * A copy that fails or is cancelled half-way leaves what was copied so far.
   */
  async copyToRuntime(source: string, destination: string, options: SignalOption = {}): Promise<CopyReport> {
    checkKnown("copyToRuntime", options, ["signal"]);
    checkSignal(options.signal);
    checkHostPath(source);
    return copyToBox(this.#box().connection, this.files, source, destination, options.signal);
  }

  /**
   * Copies a file or folder of the box to this machine, streamed. What comes out is handled as hostile: links that would
   * lead out of a folder are left out, and reported. What is new at `destination` appears whole or not at all; a folder
   * that is there is filled. `ARCHIVE_REJECTED` for an archive that no honest box makes, `FILE_TOO_LARGE` over the limits.
   */
  async copyFromRuntime(
    source: string,
    destination: string,
    options: CopyFromOptions = {},
  ): Promise<CopyReport> {
    checkKnown("copyFromRuntime", options, ["signal", "maxBytes", "maxEntries"]);
    checkSignal(options.signal);
    checkHostPath(destination);
    const limits = { ...defaultCopyLimits, ...options };
    for (const name of ["maxBytes", "maxEntries"] as const) {
      checkNumber(name, limits[name], { least: 1, most: Number.MAX_SAFE_INTEGER, whole: true });
    }
    return copyFromBox(this.#box().connection, this.files, source, destination, limits);
  }

  /** Keeps the session's files as an image that later sessions can open. An image of that name is replaced only if `name` is given. */
  async snapshot(options: SignalOption & { readonly name?: string } = {}): Promise<Template> {
    checkKnown("snapshot", options, ["signal", "name"]);
    checkSignal(options.signal);
    if (options.name !== undefined) checkTemplateName(options.name);
    const live = this.#box();
    return saveWorkspace(this.#runtime!, live, workspace, this.#settings.logger, options);
  }

  /**
   * Ends the box and everything in it. Idempotent; resolves within milliseconds, removal goes on behind. With
   * `keepTemplate` the files are kept first, which takes longer; it rejects when they could not be, and the box ends.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Resolves when nothing of the box is left in its runtime; closes the session first. */
  async gone(): Promise<void> {
    const live = this.#live;
    await this.close();
    await this.#opened;
    await live?.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { keepTemplate, logger } = this.#settings;
    this.#opening?.abort(closedError());
    const live = this.#live;
    const wasOpen = this.#state === "open";
    if (!live || !wasOpen) {
      this.#state = "closed";
      return;
    }
    try {
      if (keepTemplate) {
        if (live.connection.failure) throw templateLost(live.connection.failure);
        const options = keepTemplate.name === undefined ? {} : { name: keepTemplate.name };
        this.#template = await saveWorkspace(this.#runtime!, live, workspace, logger, options);
      }
    } finally {
      this.#state = "closed";
      await live.close();
    }
  }

  #log(what: string, { status, exitCode, durationMs }: CommandResult): void {
    this.#settings.logger.debug(`${what}: ${status}.`, { exitCode, durationMs });
  }

  async #runInKernel(
    live: LiveBox,
    kernel: Kernel,
    job: Job,
    execution: ExecuteOptions & { readonly timeoutMs: number },
  ): Promise<ExecutionResult> {
    const from = live.ready.nameFor(job.code);
    try {
      return await runInKernel(live.connection, this.#settings.language, kernel, job, { ...execution, from });
    } finally {
      live.ready.learnFrom(job.code);
    }
  }

  #chosen(signal: AbortSignal): Promise<Runtime> {
    const { language, image, logger, onProgress } = this.#settings;
    return auto({
      language: language.name,
      image,
      signal,
      logger,
      ...(onProgress ? { onProgress } : {}),
    });
  }

  async #launch(runtime: Runtime, signal: AbortSignal): Promise<LiveBox> {
    const { image, limits, network, language, env, logger, onProgress, keepTemplate } = this.#settings;
    checkFeatures(runtime, { image: image.kind, network, template: keepTemplate !== undefined });
    const spec: BoxSpec = { sessionId: this.id, image, limits, network, workspace };
    const launch = { signal, logger, ...(onProgress ? { onProgress } : {}) };
    const started = performance.now();
    const live = await LiveBox.open({ runtime, spec, language, env, logger, launch });
    logger.info(`Opened a ${language.name} box.`, {
      runtime: runtime.name,
      box: live.box.id,
      mode: live.connection.agent["mode"],
      tookMs: Math.round(performance.now() - started),
    });
    return live;
  }

  #box(): LiveBox {
    if (this.#state === "closed") throw closedError();
    if (!this.#live || this.#state !== "open") {
      throw new SandboxError("SESSION_NOT_OPEN", "The session is not open.", {
        remedy: "Call await session.open() first, or use SandboxSession.open().",
      });
    }
    if (this.#live.connection.failure) throw this.#live.connection.failure;
    return this.#live;
  }

  #execution(live: LiveBox, options: CommandOptions): ExecuteOptions {
    return {
      input: inputBytes(options.stdin),
      signal: options.signal,
      onOutput: options.onOutput,
      maxOutputBytes: this.#settings.maxOutputBytes,
      guard: live.guard(),
    };
  }

  #timeout(options: CommandOptions): number {
    return options.timeoutMs ?? this.#settings.timeoutMs;
  }

  /** The absolute working folder, looked at first: what a failed start says depends on how the process is started. */
  async #folder(cwd: string | undefined): Promise<string> {
    if (cwd === undefined) return workspace;
    const path = this.files.resolve(cwd);
    const type = await this.files.stat(path).then(
      (entry) => entry.type,
      (error: unknown) => {
        // Where looking is not allowed, entering may be.
        if (!SandboxError.is(error, "PERMISSION_DENIED") && !SandboxError.is(error, "PATH_OUTSIDE"))
          throw error;
        return "directory";
      },
    );
    if (type === "directory" || type === "symlink") return path;
    throw new SandboxError("NOT_A_DIRECTORY", `The working folder ${JSON.stringify(cwd)} is no folder.`, {
      remedy: "Name a folder of the box.",
    });
  }
}
