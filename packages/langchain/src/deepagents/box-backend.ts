import { randomUUID } from "node:crypto";
import { SandboxError } from "@llm-sandbox/core";
import type { CommandResult, SandboxErrorCode } from "@llm-sandbox/core";
import type { ToolSessions } from "@llm-sandbox/core/tool";
import { BaseSandbox } from "deepagents";
import type {
  ExecuteResponse,
  FileDownloadResponse,
  FileOperationError,
  FileUploadResponse,
} from "deepagents";

/** Whose session an operation works in, and what cancels it. */
export interface Whose {
  readonly conversation?: string;
  readonly signal: AbortSignal | undefined;
}

/** The three operations that `BaseSandbox` builds on; the sandbox's own failure rejects, so that none looks like an empty folder. */
export class BoxBackend extends BaseSandbox {
  readonly id: string = `llm-sandbox-${randomUUID()}`;
  readonly #sessions: ToolSessions;
  readonly #whose: () => Whose;

  constructor(sessions: ToolSessions, whose: () => Whose) {
    super();
    this.#sessions = sessions;
    this.#whose = whose;
  }

  override async execute(command: string): Promise<ExecuteResponse> {
    const whose = this.#whose();
    const { signal } = whose;
    return this.#sessions.use(whose, async ({ session }) => {
      const result = await session.executeCommand(command, signal ? { signal } : {});
      if (result.status === "cancelled") throw signal?.reason ?? new Error("Cancelled.");
      const { stdout, stderr, truncated } = result;
      const end = endOf(result, session.facts.timeoutMs);
      return {
        output: [stdout, stderr, end].reduce(joined),
        exitCode: exitCodeOf(result),
        truncated: truncated.stdout.omittedBytes + truncated.stderr.omittedBytes > 0,
      };
    });
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

  /** What the work gives, or the error that deepagents has for its failure; other failures reject. */
  async #reach<Result>(
    whose: Whose,
    path: string,
    work: (session: Parameters<Parameters<ToolSessions["use"]>[1]>[0]["session"]) => Promise<Result>,
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
  if (status === "timed-out") return `[Stopped after ${timeoutMs / 1_000} s, the time limit of a command.]`;
  if (status === "out-of-memory") return "[Killed: out of memory.]";
  return signal === null ? "" : `[Ended by ${signal}.]`;
}
