import { randomUUID } from "node:crypto";
import { SandboxError } from "@llm-sandbox/core";
import type { CommandResult, SandboxErrorCode, SandboxSession, SessionFiles } from "@llm-sandbox/core";
import { commandProblem, ownLine } from "@llm-sandbox/core/tool";
import type { ToolSessions } from "@llm-sandbox/core/tool";
import { BaseSandbox } from "deepagents";
import type {
  ExecuteResponse,
  FileDownloadResponse,
  FileOperationError,
  FileUploadResponse,
  GlobResult,
  GrepResult,
  LsResult,
} from "deepagents";
import { asNamed } from "./offload-folders.ts";
import { findByGlob, findLines, globExpression, listFolder } from "./search-files.ts";

/** Whose session an operation works in, and what cancels it. */
export interface Whose {
  readonly conversation?: string;
  /** Whether the agent has answers of earlier operations. */
  readonly continued: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Ends well where `find` and `grep` have the options that `BaseSandbox` uses. */
const searchProbe = "find -L . -maxdepth 0 >/dev/null && echo x | grep -rHnF -e x - >/dev/null";

/** The three operations that `BaseSandbox` builds on; the sandbox's own failure rejects, so that none looks like an empty folder. */
export class BoxBackend extends BaseSandbox {
  readonly id: string = `llm-sandbox-${randomUUID()}`;
  readonly #sessions: ToolSessions;
  readonly #whose: () => Whose;
  /** Whether a session's `find` and `grep` know what is asked of them. */
  readonly #able = new WeakMap<SandboxSession, boolean>();

  constructor(sessions: ToolSessions, whose: () => Whose) {
    super();
    this.#sessions = sessions;
    this.#whose = whose;
  }

  get #workspace(): string {
    return this.#sessions.facts(this.#sessions.languages[0]!).workspace;
  }

  /** The folders that programs can write in. */
  get #written(): readonly string[] {
    return [this.#workspace, "/tmp"];
  }

  override async execute(command: string): Promise<ExecuteResponse> {
    return this.run(command, (text) => text);
  }

  /** As `execute`, with what the command printed as `shown` gives it. */
  async run(command: string, shown: (text: string) => string): Promise<ExecuteResponse> {
    const problem = commandProblem(command);
    if (problem !== undefined)
      return { output: ownLine(`Nothing was run. ${problem}`), exitCode: 1, truncated: false };
    const whose = this.#whose();
    const { signal } = whose;
    return this.#sessions.use(whose, async ({ session }) => {
      const result = await session.executeCommand(command.toWellFormed(), signal ? { signal } : {});
      if (result.status === "cancelled") throw signal?.reason ?? new Error("Cancelled.");
      const { stdout, stderr, truncated } = result;
      const end = endOf(result, session.facts.timeoutMs);
      return {
        output: [shown(stdout), shown(stderr), end].reduce(joined),
        exitCode: exitCodeOf(result),
        truncated: truncated.stdout.omittedBytes + truncated.stderr.omittedBytes > 0,
      };
    });
  }

  override async ls(path: string): Promise<LsResult> {
    return this.#search(
      async (files, cancel) => ({ files: await listFolder(files, path, cancel) }),
      () => super.ls(path),
    );
  }

  /** Without a path in the working folder, by absolute paths; of "/", whatever the sandbox's programs can have written. */
  override async glob(pattern: string, path?: string): Promise<GlobResult> {
    if (path !== undefined && path !== "/") return this.#globBelow(pattern, path);
    const expression = globExpression(pattern);
    const base = path ?? this.#workspace;
    const prefix = base.endsWith("/") ? base : `${base}/`;
    const found = [];
    for (const folder of path === undefined ? [base] : this.#written) {
      const result = await this.#globBelow("**", folder);
      if (result.error !== undefined) return result;
      found.push({
        ...result,
        files: result.files?.map((info) => ({ ...info, path: asNamed(`${folder}/${info.path}`) })),
      });
    }
    const files = found
      .flatMap((result) => result.files ?? [])
      .filter((info) => expression.test(info.path.slice(prefix.length)))
      .map((info) => (path === undefined ? info : { ...info, path: info.path.slice(prefix.length) }));
    return { files, ...(found.some(({ truncated }) => truncated) ? { truncated: true } : {}) };
  }

  async #globBelow(pattern: string, path: string): Promise<GlobResult> {
    return this.#search(
      async (files, cancel) => ({ files: await findByGlob(files, pattern, path, cancel) }),
      () => super.glob(pattern, path),
    );
  }

  /** Of "/", and without a path, whatever the sandbox's programs can have written: the rest is the system's. */
  override async grep(
    pattern: string,
    path = "/",
    glob: string | null = null,
    maxCount: number | null = null,
  ): Promise<GrepResult> {
    if (path !== "/") return this.#grepBelow(pattern, path, glob, maxCount);
    const matches = [];
    let truncated = false;
    for (const folder of this.#written) {
      const left: number | null = maxCount === null ? null : maxCount - matches.length;
      // One more than there is room for, to know whether there are any.
      const result = await this.#grepBelow(pattern, folder, glob, left === null ? null : left + 1);
      if (result.error !== undefined) return result;
      matches.push(...(result.matches ?? []).slice(0, left ?? undefined));
      truncated ||= result.truncated === true || (left !== null && (result.matches?.length ?? 0) > left);
    }
    return { matches, ...(truncated ? { truncated } : {}) };
  }

  async #grepBelow(
    pattern: string,
    path: string,
    glob: string | null,
    maxCount: number | null,
  ): Promise<GrepResult> {
    return this.#search(
      async (files, cancel) => {
        const matches = await findLines(files, pattern, path, glob, cancel);
        const most = maxCount ?? matches.length;
        return { matches: matches.slice(0, most), ...(matches.length > most ? { truncated: true } : {}) };
      },
      () => super.grep(pattern, path, glob, maxCount),
    );
  }

  override async uploadFiles(files: [string, Uint8Array][]): Promise<FileUploadResponse[]> {
    const whose = this.#whose();
    const responses: FileUploadResponse[] = [];
    for (const [path, content] of files) {
      const error = await this.#reach(whose, path, async (session) => {
        await session.files.writeFile(path, content, option(whose));
        return null;
      });
      responses.push({ path, error });
    }
    return responses;
  }

  override async downloadFiles(paths: string[]): Promise<FileDownloadResponse[]> {
    const whose = this.#whose();
    const responses: FileDownloadResponse[] = [];
    for (const path of paths) {
      const content = await this.#reach(whose, path, (session) =>
        session.files.readFile(path, option(whose)),
      );
      responses.push(
        typeof content === "string"
          ? { path, content: null, error: content }
          : { path, content: Uint8Array.from(content), error: null },
      );
    }
    return responses;
  }

  /** By the box's own `find` and `grep`, which are quick; without them, where they do not know what deepagents asks of them. */
  async #search<Result>(
    without: (files: SessionFiles, cancel: { signal?: AbortSignal }) => Promise<Result>,
    withTools: () => Promise<Result>,
  ): Promise<Result> {
    const whose = this.#whose();
    const result = await this.#sessions.use(whose, async ({ session }) => {
      let able = this.#able.get(session);
      if (able === undefined) {
        const { status } = await session.executeCommand(searchProbe, option(whose));
        if (status === "cancelled") throw whose.signal?.reason ?? new Error("Cancelled.");
        able = status === "ok";
        this.#able.set(session, able);
      }
      return able ? undefined : { value: await without(session.files, option(whose)) };
    });
    return result ? result.value : withTools();
  }

  /** What the work gives, or the error that deepagents has for its failure; other failures reject. */
  async #reach<Result>(
    whose: Whose,
    path: string,
    work: (session: SandboxSession) => Promise<Result>,
  ): Promise<Result | FileOperationError> {
    if (typeof path !== "string" || !path.startsWith("/")) return "invalid_path";
    try {
      return await this.#sessions.use(whose, ({ session }) => work(session));
    } catch (error) {
      const known = SandboxError.is(error) ? fileErrors[error.code] : undefined;
      if (known === undefined) throw error;
      return known;
    }
  }
}

/** Both texts, the second one on a line of its own. */
function joined(first: string, second: string): string {
  if (first === "" || second === "") return first + second;
  return first.endsWith("\n") ? first + second : `${first}\n${second}`;
}

const fileErrors: Partial<Record<SandboxErrorCode, FileOperationError>> = {
  FILE_NOT_FOUND: "file_not_found",
  PERMISSION_DENIED: "permission_denied",
  DISK_FULL: "permission_denied",
  NOT_A_FILE: "is_directory",
  FILE_EXISTS: "is_directory",
  NOT_A_DIRECTORY: "invalid_path",
  PATH_OUTSIDE: "invalid_path",
  INVALID_OPTION: "invalid_path",
  FILE_TOO_LARGE: "invalid_path",
  FILE_ERROR: "invalid_path",
};

function option({ signal }: Whose): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** Exit codes as shells and `timeout` give them. */
function exitCodeOf({ status, exitCode }: CommandResult): number {
  if (status === "timed-out") return 124;
  return exitCode ?? (status === "out-of-memory" ? 137 : 1);
}

function endOf({ status, signal }: CommandResult, timeoutMs: number): string {
  if (status === "timed-out")
    return ownLine(`Stopped after ${timeoutMs / 1_000} s, the time limit of a command.`);
  if (status === "out-of-memory") return ownLine("Killed: out of memory.");
  return signal === null ? "" : ownLine(`Ended by ${signal}.`);
}
