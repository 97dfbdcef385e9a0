import { posix } from "node:path";
import type { AgentChannel } from "../../agent/agent-channel.ts";
import { SandboxError } from "../../errors.ts";
import { MemoryFileError } from "../../agent/memory-files.ts";
import type { Message } from "../../stream/message.ts";
import type { Child, ChildExit } from "./child.ts";
import { InputBuffer } from "./input-buffer.ts";
import { MemoryWatch } from "./memory-watch.ts";
import { answerProcessCall } from "./process-calls.ts";
import type { OtherCommand, OtherResult } from "./process-calls.ts";
import type { ProgramFiles } from "./program-files.ts";
import { programOf } from "./program.ts";
import type { Role } from "./program.ts";

/** What a process of a session lives in. */
export interface ProcessWorld {
  readonly env: Readonly<Record<string, string>>;
  /** Resident memory over which a process is ended, in bytes. */
  readonly residentBytes: number;
  /** Rejects when the signal aborts first. */
  takeChild(role: Role, signal: AbortSignal): Promise<Child>;
  openFiles(): ProgramFiles;
  /** Of one process. */
  readonly mostOpenFiles: number;
}

type Reason = "exited" | "timed-out" | "cancelled" | "out-of-memory";

/** How long a process may take to start beyond the program's own time limit; the host waits longer. */
const patienceMs = 3_000;
/** What one process that another started may print. */
const mostOtherBytes = 16 * 1_048_576;
/** Processes that start one another. */
const mostLevels = 4;

let lastPid = 1;

/** The `spawn` operation: a child becomes the process; its end is the result. */
export async function runProcess(
  channel: AgentChannel,
  request: Message,
  world: ProcessWorld,
): Promise<void> {
  const argv = request["argv"] as readonly string[];
  const structured = request["structured"] === true;
  const started = performance.now();
  const life = new ProcessLife(world);
  const { timeoutMs } = request as { readonly timeoutMs?: number };
  // The interpreter's own start is not the program's time, within what the host allows.
  const keepTime = (ms: number): NodeJS.Timeout => setTimeout(() => life.stop("timed-out"), ms);
  let timer = timeoutMs === undefined ? undefined : keepTime(timeoutMs + patienceMs);
  const cancel = (): void => life.stop("cancelled");
  channel.cancelled.addEventListener("abort", cancel, { once: true });
  let announced = false;
  const announce = (): void => {
    if (!announced) channel.event({ event: "started", pid: ++lastPid, from: request["from"] ?? null });
    announced = true;
  };
  try {
    channel.onSignal = (signal) => life.signal(signal);
    const end = await life.run({
      argv,
      env: { ...world.env, ...(request["env"] as Record<string, string> | undefined) },
      cwd: request["cwd"] as string,
      stdin: request["stdin"] === "stream" ? channel.input(0) : undefined,
      structured: structured ? channel.input(3) : undefined,
      onTaken: () => {
        if (timeoutMs === undefined) return;
        clearTimeout(timer);
        const waitedMs = performance.now() - started;
        timer = keepTime(Math.max(0, Math.min(timeoutMs, timeoutMs + patienceMs - waitedMs)));
      },
      onStarted: announce,
      onData: (stream, data) => channel.send(stream, data),
    });
    announce();
    for (const stream of structured ? [1, 2, 3] : [1, 2]) channel.end(stream);
    channel.result({ ...end, wallMs: performance.now() - started, bytes: channel.sent });
  } finally {
    clearTimeout(timer);
    channel.cancelled.removeEventListener("abort", cancel);
  }
}

interface ProcessRun {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array> | undefined;
  readonly structured: AsyncIterable<Uint8Array> | undefined;
  /** The interpreter is at hand: its own start is not the program's time. */
  readonly onTaken?: () => void;
  readonly onStarted: () => void;
  readonly onData: (stream: 1 | 2 | 3, data: Buffer) => Promise<void> | void;
}

interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly reason: Reason;
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
}

/** One process, and those that it has started. */
class ProcessLife {
  readonly #world: ProcessWorld;
  readonly #level: number;
  readonly #others = new Set<ProcessLife>();
  readonly #stopped = new AbortController();
  readonly #ended = Promise.withResolvers<ChildExit>();
  #waitsForJob = (): boolean => false;
  #child: Child | undefined;
  #reason: Reason = "exited";

  constructor(world: ProcessWorld, level = 0) {
    this.#world = world;
    this.#level = level;
  }

  /** Ends it and what it has started; the first reason counts. */
  stop(why: Reason): void {
    if (this.#reason === "exited") this.#reason = why;
    this.#stopped.abort();
    this.#child?.kill();
    for (const other of this.#others) other.stop(why);
  }

  /** No program can handle a signal here, so it ends by it; but a context that waits for its next run has nothing to interrupt. */
  signal(name: string): void {
    if (name === "SIGCONT" || name === "SIGSTOP" || (name === "SIGINT" && this.#waitsForJob())) return;
    this.#ended.resolve({ exitCode: null, signal: name as NodeJS.Signals });
    this.#child?.kill();
    for (const other of this.#others) other.signal(name);
  }

  /** Rejects with `ENOENT` when there is no such program. */
  async run(run: ProcessRun): Promise<ProcessEnd> {
    const { argv, env, cwd } = run;
    const files = this.#world.openFiles();
    const { role, kernel } = programOf(argv, (path) => isWebAssembly(files, posix.resolve(cwd, path)));
    let watch: MemoryWatch | undefined;
    let absent = false;
    try {
      let child: Child;
      try {
        child = await this.#world.takeChild(role, this.#stopped.signal);
      } catch (error) {
        if (!SandboxError.is(error) || error.code !== "LANGUAGE_UNAVAILABLE") throw error;
        run.onStarted();
        await run.onData(2, Buffer.from(`${argv[0]}: ${error.message}\n`));
        return { reason: "exited", exitCode: 127, signal: null, cpuMs: null, peakMemoryBytes: null };
      }
      this.#child = child;
      run.onTaken?.();
      if (this.#reason !== "exited") child.kill();
      watch = new MemoryWatch(child.pid, this.#world.residentBytes, () => this.stop("out-of-memory"));
      // Only the shell finds out whether there is such a program.
      let started = role !== "bash" || kernel !== null;
      if (started) run.onStarted();
      const jobs = new InputBuffer(run.structured);
      this.#waitsForJob = () => jobs.waiting;
      const calls = {
        files,
        inputs: { 0: new InputBuffer(run.stdin), 3: jobs },
        onStarted: () => {
          started = true;
          run.onStarted();
        },
        onNoProgram: () => {
          // Said later, it is a program that forges the sandbox's own failure.
          absent = !started;
          child.kill();
        },
        onExit: (exitCode: number) => this.#ended.resolve({ exitCode, signal: null }),
        onSignal: (signal: NodeJS.Signals) => this.#ended.resolve({ exitCode: null, signal }),
        onOutOfMemory: () => this.stop("out-of-memory"),
        run: (command: OtherCommand) => this.#runOther(command),
      };
      child.become(
        {
          argv: kernel ? argv.slice(0, 1) : argv,
          kernel,
          env,
          cwd,
          mostOpenFiles: this.#world.mostOpenFiles,
        },
        { onData: run.onData, answer: (call) => answerProcessCall(calls, call) },
      );
      const exit = await Promise.race([this.#ended.promise, child.exited.then(unannounced)]);
      if (absent) throw new MemoryFileError("ENOENT", argv[0] ?? "", "no such program");
      return this.#end(exit, child.diagnostics, watch);
    } catch (error) {
      // It was stopped before it had started.
      if (!this.#child && this.#reason !== "exited") {
        return {
          reason: this.#reason,
          exitCode: null,
          signal: "SIGKILL",
          cpuMs: null,
          peakMemoryBytes: null,
        };
      }
      throw error;
    } finally {
      watch?.stop();
      files.closeAll();
      this.#child?.kill();
      for (const other of this.#others) other.stop("cancelled");
    }
  }

  #end(exit: ChildExit, said: string, watch: MemoryWatch): ProcessEnd {
    if (this.#reason === "exited" && endedForMemory(exit, said)) this.#reason = "out-of-memory";
    const { peakBytes, cpuMs } = watch.stop();
    const killed = this.#reason !== "exited";
    return {
      reason: this.#reason,
      exitCode: killed ? null : exit.exitCode,
      signal: killed ? "SIGKILL" : exit.signal,
      cpuMs,
      peakMemoryBytes: peakBytes,
    };
  }

  async #runOther({ argv, env, cwd, input }: OtherCommand): Promise<OtherResult> {
    if (this.#level >= mostLevels) {
      return {
        exitCode: 126,
        stdout: Buffer.alloc(0),
        stderr: Buffer.from("too many processes start one another\n"),
      };
    }
    const other = new ProcessLife(this.#world, this.#level + 1);
    this.#others.add(other);
    const printed: Record<1 | 2, Buffer[]> = { 1: [], 2: [] };
    let bytes = 0;
    try {
      const end = await other.run({
        argv,
        env: { ...this.#world.env, ...env },
        cwd,
        stdin: pieces(input),
        structured: undefined,
        onStarted: () => {},
        onData: (stream, data) => {
          bytes += data.length;
          if (stream !== 3 && bytes <= mostOtherBytes) printed[stream].push(Buffer.from(data));
        },
      });
      if (end.reason === "out-of-memory") this.stop("out-of-memory");
      const stderr =
        bytes > mostOtherBytes ? [...printed[2], Buffer.from("… output left out\n")] : printed[2];
      return {
        exitCode: end.exitCode ?? 137,
        stdout: Buffer.concat(printed[1]),
        stderr: Buffer.concat(stderr),
      };
    } finally {
      this.#others.delete(other);
    }
  }
}

/** Every program says that it ends before it does: one that has just gone has not come to its end, whatever its code. */
function unannounced(exit: ChildExit): ChildExit {
  return exit.exitCode === 0 ? { exitCode: null, signal: "SIGABRT" } : exit;
}

/** V8 ends the whole process when its heap is full. */
function endedForMemory({ exitCode, signal }: ChildExit, said: string): boolean {
  const aborted = signal !== null || exitCode === 133 || exitCode === 134;
  return aborted && /out of memory|OOM|heap limit/i.test(said);
}

/** Whether a file begins as WebAssembly does. */
function isWebAssembly(files: ProgramFiles, path: string): boolean {
  try {
    const handle = files.open(path, {});
    const begin = files.read(handle, 0, 4).toString("latin1");
    files.close(handle);
    return begin === "\0asm";
  } catch (error) {
    if (error instanceof MemoryFileError) return false;
    throw error;
  }
}

async function* pieces(input: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (input.length > 0) yield input;
}
