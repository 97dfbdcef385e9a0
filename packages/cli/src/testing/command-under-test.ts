import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const main = join(import.meta.dirname, "../../dist/main.js");

/** Only a hang takes so long. */
const longestMs = 60_000;

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** This machine without some of its parts, as scripts/machine-without.sh says; only for root on Linux. */
export interface MachineWithout {
  readonly hidden?: string;
  readonly replaced?: string;
  readonly prepare?: string;
  readonly user?: string;
}

export interface Surroundings {
  readonly cwd: string;
  /** Beside this program's own variables. */
  readonly env?: NodeJS.ProcessEnv;
  readonly without?: MachineWithout;
}

/** Starts the built command. */
export function start(args: readonly string[], surroundings: Surroundings): ChildProcess {
  const [program, ...rest] = words(args, surroundings);
  return spawn(program!, rest, { cwd: surroundings.cwd, env: variables(surroundings) });
}

function words(args: readonly string[], { without }: Surroundings): string[] {
  if (!without) return [process.execPath, main, ...args];
  const script = join(import.meta.dirname, "../../../../scripts/machine-without.sh");
  return ["sh", script, "/run/node", "/run/workspace/packages/cli/dist/main.js", ...args];
}

function variables({ env, without = {} }: Surroundings): NodeJS.ProcessEnv {
  const { hidden, replaced, prepare, user } = without;
  const parts = { HIDDEN: hidden, REPLACED: replaced, PREPARE: prepare, AS_USER: user };
  return { ...process.env, ...parts, ...env };
}

/** Gives it all of its standard input, and waits for its end. */
export async function end(child: ChildProcess, stdin = ""): Promise<Ended> {
  child.stdin?.end(stdin);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  return { exitCode: await exited, stdout, stderr };
}

/** The command on a terminal: what it shows, escape sequences left out. */
export class OnTerminal {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #shown = "";
  #looked = 0;

  constructor(
    args: readonly string[],
    { columns = 80, ...surroundings }: Surroundings & { readonly columns?: number },
  ) {
    const quoted = words(args, surroundings).map((word) => `'${word}'`);
    const command = `stty cols ${columns}; exec ${quoted.join(" ")}`;
    this.#child = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"], {
      cwd: surroundings.cwd,
      env: { TERM: "xterm", ...variables(surroundings) },
    });
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdout!.setEncoding("utf8").on("data", (piece: string) => (this.#shown += piece));
  }

  /** Everything so far. */
  get raw(): string {
    return this.#shown;
  }

  /** Waits until there is that in what came since the last call. */
  async sees(pattern: RegExp): Promise<string> {
    const begin = performance.now();
    for (;;) {
      const fresh = plain(this.#shown.slice(this.#looked));
      if (pattern.test(fresh)) {
        this.#looked = this.#shown.length;
        return fresh;
      }
      if (this.#child.exitCode !== null || performance.now() > begin + longestMs) {
        throw new Error(`It did not show ${String(pattern)} but: ${fresh}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Its exit code. */
  ends(): Promise<number | null> {
    return this.#exited;
  }
}

export const controlC = "\u0003";
export const controlD = "\u0004";

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, "").replace(/\r+\n/g, "\n");
}
