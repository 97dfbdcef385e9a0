import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildFrame, ChildFrameError, ChildFrames, decodeCall, encodeReply } from "./child-frames.ts";
import type { ChildCall } from "./child-frames.ts";
import { childScript } from "./child-script.generated.ts";
import type { Answer } from "./file-calls.ts";
import { hold, letGo } from "./leash.ts";

/** What a child does for its process; frames are handled one after the other. */
export interface ChildHandlers {
  onData(stream: 1 | 2 | 3, data: Buffer): Promise<void> | void;
  /** Answers a call; what it throws with an errno as `code` is the call's failure. */
  answer(call: ChildCall): Promise<Answer> | Answer;
}

export interface ChildOptions {
  readonly deno: string;
  /** Of JavaScript and of WebAssembly, in bytes each. */
  readonly memoryBytes: number;
  /** Files and folders that it may read until it gives that up. */
  readonly readable: readonly string[];
  /** How long it may take to get ready; default 120,000. */
  readonly timeoutMs?: number | undefined;
  /** The answer to its first call: what it gets ready to be. */
  readonly boot: object;
  /** Answers what it asks while it gets ready; no code of a user has run in it then. */
  readonly helper?: (() => (call: ChildCall) => Answer) | undefined;
}

/** How a child ended. */
export interface ChildExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

const defaultTimeoutMs = 120_000;
const mebibyte = 1_048_576;
const pageBytes = 65_536;
const mostPages = 65_536;
const mostDiagnostics = 4_096;

/** Deno's own program: reads the child's script from standard input, so that no path of this machine is in it. To import it as a module would take 10 ms more. */
const bootstrap = `
const read = (length) => {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const count = Deno.stdin.readSync(bytes.subarray(filled));
    if (!count) Deno.exit(0);
    filled += count;
  }
  return bytes;
};
const script = read(new DataView(read(4).buffer).getUint32(0));
await (0, eval)("(async () => {" + new TextDecoder().decode(script) + "\\n})()\\n//# sourceURL=sandbox:child");
`;

/** What counts also when the process is gone before it was handled: how it ended. */
const lastWords: ReadonlySet<string> = new Set(["exit", "die", "out-of-memory", "no-program"]);

/** One Deno process without permissions. It is started ahead, becomes one process of one session, and ends. */
export class Child {
  readonly pid: number;
  /** Resolves when it waits for what to become; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone and everything it sent was handled. */
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #frames = new ChildFrames();
  readonly #ready = Promise.withResolvers<void>();
  readonly #dead = Promise.withResolvers<void>();
  readonly #given = Promise.withResolvers<object>();
  #isGiven = false;
  #isTaken = false;
  #isDead = false;
  #boot: object | undefined;
  readonly #helper: ((call: ChildCall) => Answer) | undefined;
  #handlers: ChildHandlers | undefined;
  #said = "";

  constructor(options: ChildOptions) {
    this.#boot = options.boot;
    this.#helper = options.helper?.();
    this.#process = spawn(options.deno, denoArguments(options), {
      cwd: process.platform === "win32" ? tmpdir() : "/",
      // Without a time zone, programs would be told this machine's.
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", DENO_DIR: noFolder(options.deno), TZ: "UTC" },
      // A program can see it, and must not see a path.
      argv0: "deno",
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.pid = this.#process.pid ?? 0;
    if (this.pid > 0) hold(this.pid);
    const ended = Promise.withResolvers<ChildExit>();
    this.#process.once("error", (error) => {
      this.#said += `${error.message}\n`;
      this.#dead.resolve();
      ended.resolve({ exitCode: null, signal: null });
    });
    this.#process.once("exit", () => {
      this.#isDead = true;
      letGo(this.pid);
      this.#dead.resolve();
    });
    this.#process.once("close", (exitCode, signal) => ended.resolve({ exitCode, signal }));
    this.#process.stderr!.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString("utf8")).slice(-mostDiagnostics);
    });
    this.#process.stdin!.on("error", () => {});
    const handled = this.#handleFrames().catch(() => this.kill());
    this.exited = ended.promise.then(async (exit) => {
      await handled;
      this.#ready.reject(new Error(this.#said.trim() || "It ended while it got ready."));
      return exit;
    });
    const { timeoutMs = defaultTimeoutMs } = options;
    const late = setTimeout(() => {
      this.#said += `It did not get ready in ${timeoutMs} ms.`;
      this.kill();
    }, timeoutMs).unref();
    void this.exited.then(() => clearTimeout(late));
    this.ready = this.#ready.promise;
    this.ready.then(
      () => clearTimeout(late),
      () => {},
    );
    const script = Buffer.from(childScript, "utf8");
    const length = Buffer.alloc(4);
    length.writeUInt32BE(script.length);
    this.#process.stdin!.write(Buffer.concat([length, script]));
    this.#hold(false);
  }

  /** What it wrote to its standard error, the last of it. */
  get diagnostics(): string {
    return this.#said;
  }

  /** Serves the calls that it makes while it gets ready. */
  attend(handlers: ChildHandlers): void {
    this.#handlers = handlers;
    this.#hold(true);
  }

  /** Makes it a process of a session; once. */
  become(spec: object, handlers: ChildHandlers): void {
    this.attend(handlers);
    this.#isGiven = true;
    this.#given.resolve(spec);
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Whether this program waits for it at its own end. */
  #hold(on: boolean): void {
    const { stdin, stdout, stderr } = this.#process;
    for (const part of [this.#process, stdin, stdout, stderr] as (ChildProcess | Socket | null)[]) {
      if (on) part?.ref?.();
      else part?.unref?.();
    }
  }

  async #handleFrames(): Promise<void> {
    for await (const chunk of this.#process.stdout!) {
      for (const { kind, payload } of this.#frames.push(chunk as Buffer)) {
        if (kind === ChildFrame.ready) this.#ready.resolve();
        else if (kind === ChildFrame.call) {
          const call = decodeCall(payload);
          // Calls that are left when it is gone change nothing any more, and their answers would fill memory.
          if (this.#isDead && !lastWords.has(String(call.request["op"]))) continue;
          // An answer that is still to come must not hold up the end of one who does not wait for it any more.
          await Promise.race([this.#answer(call), this.#dead.promise]);
        } else if (kind === 1 || kind === 2 || kind === 3) {
          if (payload.length > 0) await this.#handlers?.onData(kind, payload);
        } else throw new ChildFrameError(`A frame of kind ${kind}.`);
      }
    }
  }

  async #answer(call: ChildCall): Promise<void> {
    const reply = await this.#replyTo(call);
    const { stdin } = this.#process;
    if (stdin!.destroyed || stdin!.write(reply)) return;
    // One who does not read its replies gets no further ones: they would fill this program's memory.
    await new Promise((resolve) => stdin!.once("drain", resolve));
  }

  async #replyTo(call: ChildCall): Promise<Buffer> {
    const operation = call.request["op"];
    // What it gets ready from and becomes is told once: later it is a program that asks.
    if (operation === "boot" && this.#boot) {
      const boot = this.#boot;
      this.#boot = undefined;
      return encodeReply(boot);
    }
    if (operation === "take" && !this.#isTaken) {
      if (call.request["now"] === true && !this.#isGiven) return encodeReply({ pending: true });
      const spec = await this.#given.promise;
      this.#isTaken = true;
      return encodeReply(spec);
    }
    const answer = this.#handlers?.answer ?? this.#helper;
    // While it warms up there is nothing.
    if (!answer) return encodeReply({ error: { code: "ENOENT", message: "nothing is there yet" } });
    try {
      const { value, data } = await answer(call);
      return encodeReply(value, data);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return encodeReply({ error: { code, message } });
    }
  }
}

function denoArguments({ memoryBytes, readable }: ChildOptions): string[] {
  const pages = Math.min(mostPages, Math.max(1, Math.floor(memoryBytes / pageBytes)));
  const heap = Math.max(16, Math.floor(memoryBytes / mebibyte));
  return [
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--no-config",
    "--no-lock",
    "--no-code-cache",
    `--v8-flags=--wasm-max-mem-pages=${pages},--max-old-space-size=${heap}`,
    ...(readable.length > 0 ? [`--allow-read=${readable.map(escapeComma).join(",")}`] : []),
    `data:text/javascript;base64,${Buffer.from(bootstrap).toString("base64")}`,
  ];
}

/** Where Deno cannot make a folder, as a file is in the way: it keeps code of programs, and what they store, in one. */
function noFolder(deno: string): string {
  return process.platform === "win32" ? join(deno, "none") : "/dev/null/none";
}

/** Deno separates paths by commas, and two stand for one. */
function escapeComma(path: string): string {
  return path.replaceAll(",", ",,");
}
