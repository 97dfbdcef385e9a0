import { ToolError, byteString, encoded } from "./tool.ts";
import type { ToolContext } from "./tool.ts";

/** What is held for a file or a command. */
interface Held {
  readonly operator: string;
  text: string;
  isStarted: boolean;
}

/** What a program writes, to its own outputs, to files and to commands, and the code that it ends with. */
export class AwkOutput {
  readonly #context: ToolContext;
  readonly #held = new Map<string, Held>();
  stdout = "";
  stderr = "";
  exitCode = 0;

  constructor(context: ToolContext) {
    this.#context = context;
  }

  write(text: string, operator: string | undefined, target: string | undefined): void {
    if (operator === undefined || target === "/dev/stdout" || target === "-") this.stdout += text;
    else if (target === "/dev/stderr") this.stderr += text;
    else {
      const known = this.#held.get(target!);
      if (known) known.text += text;
      else this.#held.set(target!, { operator, text, isStarted: false });
    }
  }

  /** Runs a command, whose errors are the program's. */
  async run(command: string, input: string): Promise<{ stdout: string; exitCode: number }> {
    const { cwd, exec, signal } = this.#context;
    const bytes = byteString(encoded(input));
    const { stdout, stderr, exitCode, stdoutKind, stdoutEncoding } = await exec!(command, {
      cwd,
      stdin: bytes,
      stdinKind: "bytes",
      ...(signal ? { signal } : {}),
    });
    this.stderr += stderr;
    const isBytes = stdoutKind === "bytes" || stdoutEncoding === "binary";
    return {
      stdout: isBytes
        ? new TextDecoder().decode(Uint8Array.from(stdout, (unit) => unit.charCodeAt(0)))
        : stdout,
      exitCode,
    };
  }

  /** Runs a command, whose output is the program's, after what is held for files is written; its exit code. */
  async system(command: string): Promise<number> {
    await this.flushAll();
    return this.#runInto(command, "");
  }

  async #runInto(command: string, input: string): Promise<number> {
    const { stdout, exitCode } = await this.run(command, input);
    this.stdout += stdout;
    return exitCode;
  }

  /** Writes what is held for a file; a command gets its input when it is closed. Throws a ToolError if it cannot. */
  async flush(name: string): Promise<void> {
    const held = this.#held.get(name);
    if (!held || held.operator === "|" || (held.text === "" && held.isStarted)) return;
    const { cwd, fs } = this.#context;
    const path = fs.resolvePath(cwd, name);
    try {
      if (held.operator === ">>" || held.isStarted) await fs.appendFile(path, held.text);
      else await fs.writeFile(path, held.text);
    } catch {
      throw new ToolError(`fatal: cannot redirect to \`${name}': No such file or directory`, 2);
    }
    held.text = "";
    held.isStarted = true;
  }

  async flushAll(): Promise<void> {
    for (const name of this.#held.keys()) await this.flush(name);
  }

  /** The exit code of the command, or zero for a file; undefined if nothing was written there. */
  async close(name: string): Promise<number | undefined> {
    const held = this.#held.get(name);
    if (!held) return undefined;
    await this.flush(name);
    this.#held.delete(name);
    return held.operator === "|" ? this.#runInto(name, held.text) : 0;
  }

  async closeAll(): Promise<void> {
    for (const name of this.#held.keys()) await this.close(name);
  }
}
