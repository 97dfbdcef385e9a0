import { SandboxError } from "@llm-sandbox/core";
import type { CommandResult, SandboxSession as Session } from "@llm-sandbox/core";
import { commandProblem, failureError, harmlessly, ownLine, shorten } from "@llm-sandbox/core/tool";
import type { ApplyPatchOperation, ApplyPatchResult, Editor, ToolOutputImage } from "@openai/agents";
import type {
  ExecCommandArgs,
  ListDirectoryArgs,
  Manifest,
  MaterializeEntryArgs,
  ReadFileArgs,
  SandboxDirectoryEntry,
  SandboxExecResult,
  SandboxSession,
  SandboxSessionState,
  ViewImageArgs,
} from "@openai/agents/sandbox";
import { Refusal, applyOperation } from "../agents/apply-operation.ts";
import { unsupported, writeEntry } from "./manifest-entries.ts";

/** What is known of a box, also after it has ended. */
export interface AgentBoxState extends SandboxSessionState {
  /** Finds the box while it runs. */
  sessionId: string;
  /** The image that the box's files were saved in. */
  template?: string;
}

/** Largest picture that a model is shown, in bytes. */
const mostImageBytes = 10 * 1_048_576;
/** Characters of output that a model is given unless it asks for fewer. */
const mostCharacters = 30_000;

/** A session as the Agents SDK's `SandboxAgent` uses it. Failures of the sandbox itself are told without details of this machine. */
export class AgentBox implements SandboxSession<AgentBoxState> {
  readonly state: AgentBoxState;
  readonly #session: Session;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #onClose: () => void;

  constructor(
    session: Session,
    state: AgentBoxState,
    hooks: { readonly onError: ((error: unknown) => void) | undefined; readonly onClose: () => void },
  ) {
    this.#session = session;
    this.state = state;
    this.#onError = harmlessly(hooks.onError);
    this.#onClose = hooks.onClose;
  }

  /** The session itself: for files that the application hands over or fetches. */
  get session(): Session {
    return this.#session;
  }

  async running(): Promise<boolean> {
    return this.#session.isOpen;
  }

  /** Every command runs to its end, or to the session's time limit: there is no terminal and nothing to poll. */
  supportsPty(): boolean {
    return false;
  }

  /** Runs a command in a fresh shell. `login` changes nothing: the session's environment is the only one that a box has. */
  async exec(args: ExecCommandArgs): Promise<SandboxExecResult> {
    checkUser(args.runAs);
    if (args.tty)
      return refused("Nothing was run: this sandbox has no terminal. Call again with tty: false.");
    const { workdir, shell, maxOutputTokens } = args;
    const problem = commandProblem(args.cmd);
    if (problem !== undefined) return refused(`Nothing was run. ${problem}`);
    const cmd = args.cmd.toWellFormed();
    const result = await this.#told(() =>
      this.#session.executeCommand(
        shell === undefined ? cmd : [shell, "-c", cmd],
        workdir === undefined ? {} : { cwd: workdir },
      ),
    );
    const most = Math.min(mostCharacters, (maxOutputTokens ?? Number.POSITIVE_INFINITY) * 4);
    const end = endOf(result);
    const parts = [result.stdout, result.stderr].filter((part) => part !== "");
    return {
      output: shorten(parts.join(result.stdout.endsWith("\n") ? "" : "\n"), most) + end,
      stdout: shorten(result.stdout, most),
      stderr: shorten(result.stderr, most) + end,
      wallTimeSeconds: result.durationMs / 1_000,
      exitCode: result.status === "timed-out" ? 124 : (result.exitCode ?? 137),
    };
  }

  /** As `exec`, as text for the model; a failure of the sandbox is text too, since the SDK hides errors from the model. */
  async execCommand(args: ExecCommandArgs): Promise<string> {
    checkUser(args.runAs);
    const { output, wallTimeSeconds, exitCode } = await this.exec(args).catch((error: Error) =>
      refused(error.message),
    );
    return [
      `Wall time: ${wallTimeSeconds.toFixed(3)} seconds`,
      `Process exited with code ${exitCode}`,
      "Output:",
      output,
    ].join("\n");
  }

  createEditor(runAs?: string): Editor {
    checkUser(runAs);
    const edit = async (operation: ApplyPatchOperation): Promise<ApplyPatchResult> => {
      try {
        return {
          status: "completed",
          output: await applyOperation(operation, this.#session.files, undefined),
        };
      } catch (error) {
        if (error instanceof Refusal) return { status: "failed", output: error.message };
        return { status: "failed", output: this.#failure(error).message };
      }
    };
    return { createFile: edit, updateFile: edit, deleteFile: edit };
  }

  async viewImage({ path, runAs }: ViewImageArgs): Promise<ToolOutputImage> {
    checkUser(runAs);
    const read = this.#session.files.readFile(path, { maxBytes: mostImageBytes });
    const data = await read.catch((error: unknown) => {
      throw named(nameOf(error), this.#failure(error));
    });
    const mediaType = imageTypeOf(data);
    if (mediaType === undefined) {
      throw named("NotAnImage", new Error("That file is not a supported image: PNG, JPEG, GIF or WebP."));
    }
    return { type: "image", image: { data: Uint8Array.from(data), mediaType } };
  }

  async readFile({ path, runAs, maxBytes }: ReadFileArgs): Promise<Uint8Array> {
    checkUser(runAs);
    const data = await this.#told(() => this.#session.files.readFile(path));
    return Uint8Array.from(maxBytes === undefined ? data : data.subarray(0, maxBytes));
  }

  async listDir({ path, runAs }: ListDirectoryArgs): Promise<SandboxDirectoryEntry[]> {
    checkUser(runAs);
    const { files } = this.#session;
    const entries = await this.#told(() => files.list(path));
    const base = files.resolve(path).replace(/\/$/, "");
    const types = { file: "file", directory: "dir" } as const;
    return entries.map((entry) => ({
      name: entry.path,
      path: `${base}/${entry.path}`,
      type: types[entry.type as keyof typeof types] ?? "other",
    }));
  }

  async pathExists(path: string, runAs?: string): Promise<boolean> {
    checkUser(runAs);
    return this.#told(() => this.#session.files.exists(path));
  }

  async directoryExists(path: string, runAs?: string): Promise<boolean> {
    checkUser(runAs);
    try {
      return (await this.#session.files.stat(path)).type === "directory";
    } catch (error) {
      if (SandboxError.is(error, "FILE_NOT_FOUND") || SandboxError.is(error, "NOT_A_DIRECTORY")) return false;
      throw this.#failure(error);
    }
  }

  async materializeEntry({ path, entry, runAs }: MaterializeEntryArgs): Promise<void> {
    checkUser(runAs);
    await writeEntry(this.#session.files, this.#session.files.resolve(path), entry);
  }

  async applyManifest(manifest: Manifest, runAs?: string): Promise<void> {
    for (const [path, entry] of Object.entries(manifest.entries)) {
      await this.materializeEntry({ path, entry, ...(runAs === undefined ? {} : { runAs }) });
    }
  }

  async stop(): Promise<void> {}

  async shutdown(): Promise<void> {
    await this.close();
  }

  async delete(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    this.#onClose();
    await this.#session.close();
  }

  async #told<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The failure in words that the SDK may tell the model. */
  #failure(error: unknown): Error {
    this.#onError?.(error);
    return failureError(error, false);
  }
}

/** The SDK tells the model no more of most errors than their name. */
function named(name: string, error: Error): Error {
  return Object.assign(error, { name });
}

/** A name by the code: `FileNotFound`, `PathOutside`. */
function nameOf(error: unknown): string {
  if (!SandboxError.is(error)) return "SandboxFailed";
  const words = error.code.toLowerCase().split("_");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** What an exit code does not tell. */
function endOf({ status, signal }: CommandResult): string {
  if (status === "failed" && signal !== null) return `\n${ownLine(`Ended by ${signal}.`)}\n`;
  if (status === "timed-out") return `\n${ownLine("Stopped: the time limit of a command was over.")}\n`;
  return status === "out-of-memory" ? `\n${ownLine("Killed: out of memory.")}\n` : "";
}

function checkUser(runAs: string | undefined): void {
  if (runAs !== undefined) throw unsupported("A sandbox has one user: runAs cannot be honoured.");
}

function refused(text: string): SandboxExecResult {
  const line = ownLine(text);
  return { output: line, stdout: "", stderr: line, wallTimeSeconds: 0, exitCode: 1 };
}

const signatures: readonly (readonly [mediaType: string, at: number, start: Buffer])[] = [
  ["image/png", 0, Buffer.from([0x89, 0x50, 0x4e, 0x47])],
  ["image/jpeg", 0, Buffer.from([0xff, 0xd8, 0xff])],
  ["image/gif", 0, Buffer.from("GIF8", "latin1")],
  ["image/webp", 8, Buffer.from("WEBP", "latin1")],
];

function imageTypeOf(data: Buffer): string | undefined {
  return signatures.find(([, at, start]) => data.subarray(at, at + start.length).equals(start))?.[0];
}
