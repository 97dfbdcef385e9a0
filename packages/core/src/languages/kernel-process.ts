import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Language } from "../language.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A message of a kernel; protocol.md, "Kernels". */
export interface KernelMessage {
  readonly type: string;
  readonly id?: number;
  readonly exitCode?: number;
  readonly data?: Record<string, unknown>;
  readonly name?: string;
  readonly message?: string;
  readonly traceback?: string;
  readonly line?: number;
}

export interface KernelRun {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly messages: readonly KernelMessage[];
  readonly value: Record<string, unknown> | undefined;
  readonly displays: readonly Record<string, unknown>[];
  readonly error: KernelMessage | undefined;
}

export interface KernelRunOptions {
  readonly stdin?: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly filename?: string;
}

// Other Nodes than the one that runs the tests are tried by naming them.
const node = process.env["LLM_SANDBOX_TEST_NODE"] ?? process.execPath;

// As in ../context.ts.
const SECOND_INTERRUPT_MS = 1_000;

/** Whether the Node that runs the kernels is at least of this version: for tests. */
export function nodeIsAtLeast(major: number, minor: number): boolean {
  const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout;
  const [ownMajor = 0, ownMinor = 0] = version.slice(1).split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** A kernel as a process of this machine, as the agent would start it: for tests. */
export class KernelProcess {
  readonly cwd: string;
  readonly process: ChildProcess;
  readonly #language: Language;
  readonly #ended: Promise<{ exitCode: number | null; signal: string | null }>;
  readonly #messages: KernelMessage[] = [];
  readonly #watchers = new Set<() => void>();
  #stdout = "";
  #stderr = "";
  #line = "";
  #closed = false;

  constructor(language: Language, options: KernelRunOptions = {}) {
    this.#language = language;
    this.cwd = options.cwd ?? temporaryFolder("kernel-");
    const [command, ...args] = language.kernel!.argv;
    const PATH = process.env["PATH"] ?? "";
    this.process = spawn(command === "node" ? node : command!, args, {
      cwd: "/",
      env: { PATH, HOME: this.cwd, LANG: "C.UTF-8", ...options.env },
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    this.process.stdin!.on("error", () => {});
    this.process.stdin!.end(options.stdin ?? "");
    this.process.stdout!.setEncoding("utf8").on("data", (text) => this.#grow(() => (this.#stdout += text)));
    this.process.stderr!.setEncoding("utf8").on("data", (text) => this.#grow(() => (this.#stderr += text)));
    const structured = this.#structured();
    structured.on("error", () => {});
    structured.setEncoding("utf8").on("data", (text: string) => this.#grow(() => this.#read(text)));
    this.#ended = new Promise((resolve) => {
      this.process.once("close", (exitCode, signal) => {
        this.#grow(() => (this.#closed = true));
        resolve({ exitCode, signal });
      });
    });
  }

  /** Sends a job; `context` runs one more in the same process. */
  send(code: string, mode: "script" | "context", options: KernelRunOptions & { id?: number } = {}): void {
    const job = {
      type: "run",
      id: options.id ?? 1,
      mode,
      code,
      filename: options.filename ?? `main${this.#language.extensions[0]}`,
      argv: options.argv ?? [],
      env: {},
      cwd: this.cwd,
    };
    this.#structured().write(`${JSON.stringify(job)}\n`);
  }

  /** Resolves once standard output contains the text; rejects when the process ends without it. */
  async printed(text: string): Promise<void> {
    await this.#until(() => this.#stdout.includes(text), `to print ${JSON.stringify(text)}`);
  }

  /** The host's side closes: no more jobs. */
  closeJobs(): void {
    this.#structured().end();
  }

  interrupt(): void {
    process.kill(-this.process.pid!, "SIGINT");
  }

  /** Interrupts the run of a context as the host does: once more after a second, if it has not ended. */
  interruptRun(id: number): void {
    this.interrupt();
    // A shell that is just about to start a command waits for that one, which the signal came too early for.
    const again = setTimeout(() => {
      if (!this.#closed && !this.#done(id, 0)) this.interrupt();
    }, SECOND_INTERRUPT_MS);
    again.unref();
  }

  kill(): void {
    if (!this.#closed) process.kill(-this.process.pid!, "SIGKILL");
  }

  /** Runs code in the context and resolves with what this run alone has given. */
  async inContext(code: string, id: number, meanwhile?: () => Promise<void>): Promise<KernelRun> {
    const from = {
      stdout: this.#stdout.length,
      stderr: this.#stderr.length,
      messages: this.#messages.length,
    };
    const done = (): KernelMessage | undefined => this.#done(id, from.messages);
    this.send(code, "context", { id });
    await meanwhile?.();
    await this.#until(() => done() !== undefined, "to finish a run");
    // What was printed before is in the pipes already, which are two others: the event loop's next turns read it.
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    return summary(
      this.#stdout.slice(from.stdout),
      this.#stderr.slice(from.stderr),
      this.#messages.slice(from.messages),
      { exitCode: done()!.exitCode ?? null, signal: null },
    );
  }

  /** Resolves when the process has ended and all it wrote was read. */
  async end(): Promise<KernelRun> {
    const ending = await this.#ended;
    return summary(this.#stdout, this.#stderr, this.#messages, ending);
  }

  #done(id: number, from: number): KernelMessage | undefined {
    return this.#messages.slice(from).find((message) => message.type === "done" && message.id === id);
  }

  #structured(): Duplex {
    return this.process.stdio[3] as Duplex;
  }

  #grow(change: () => void): void {
    change();
    for (const watcher of this.#watchers) watcher();
  }

  #read(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop()!;
    for (const line of lines) this.#messages.push(JSON.parse(line) as KernelMessage);
  }

  async #until(reached: () => boolean, what: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (!reached() && !this.#closed) return;
        this.#watchers.delete(check);
        if (reached()) resolve();
        else reject(new Error(`The kernel ended instead ${what}:\n${this.#stdout}\n${this.#stderr}`));
      };
      this.#watchers.add(check);
      check();
    });
  }
}

/** Runs a whole program in a process of its own. */
export async function runScript(
  language: Language,
  code: string,
  options: KernelRunOptions = {},
): Promise<KernelRun> {
  const kernel = new KernelProcess(language, options);
  kernel.send(code, "script", options);
  return kernel.end();
}

function summary(
  stdout: string,
  stderr: string,
  messages: readonly KernelMessage[],
  ending: { exitCode: number | null; signal: string | null },
): KernelRun {
  return {
    stdout,
    stderr,
    ...ending,
    messages,
    value: messages.find((message) => message.type === "value")?.data,
    displays: messages.filter((message) => message.type === "display").map((message) => message.data!),
    error: messages.find((message) => message.type === "error"),
  };
}
