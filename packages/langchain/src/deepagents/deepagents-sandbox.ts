import {
  checkToolOptions,
  failureError,
  foreignText,
  harmlessly,
  isLoss,
  ownLine,
  sandboxTools,
} from "@llm-sandbox/core/tool";
import type { SandboxTools, SandboxToolsOptions, ToolSessions } from "@llm-sandbox/core/tool";
import type { RunnableConfig } from "@langchain/core/runnables";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { BaseSandbox } from "deepagents";
import type {
  DeleteResult,
  EditResult,
  ExecuteResponse,
  FileDownloadResponse,
  FileUploadResponse,
  GlobResult,
  GrepResult,
  LsResult,
  ReadRawResult,
  ReadResult,
  WriteResult,
} from "deepagents";
import { agentState, hasAnswersOf } from "../agent-state.ts";
import { threadOf } from "../sandbox-structured-tool.ts";
import type { Whose } from "./box-backend.ts";
import { OffloadBackend } from "./offload-backend.ts";
import { isOffloaded, offloadText } from "./offload-folders.ts";

/** What deepagents decides by itself. */
const notTaken = ["name", "extraInstructions", "keepState", "maxTimeoutMs", "maxOutputLength"] as const;

/** Everything that `DeepAgentsSandbox` takes: where sessions come from, and who is told of the sandbox's own failures. */
export type DeepAgentsSandboxOptions = Omit<SandboxToolsOptions, (typeof notTaken)[number]>;

/**
 * A sandbox as the backend of `createDeepAgent`: a session per LangGraph thread, opened at its first operation, cancelled
 * with the agent's run. A sandbox that had to be replaced and the sandbox's own failures are told to the model.
 */
export class DeepAgentsSandbox extends BaseSandbox implements AsyncDisposable {
  readonly #tools: SandboxTools;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #box: OffloadBackend;
  /** Threads whose model was not told yet that their session was replaced. */
  readonly #untold = new Set<string>();

  /** Checks every option and starts nothing; throws a SandboxError. */
  constructor(options: DeepAgentsSandboxOptions = {}) {
    super();
    checkToolOptions("DeepAgentsSandbox", options, { without: notTaken });
    this.#onError = harmlessly(options.onError);
    this.#tools = sandboxTools(options);
    this.#box = new OffloadBackend(this.#tools.sessions, () => this.#whose());
  }

  /** Opens the session that operations without a thread use, so that a sandbox that cannot be rejects here, as a SandboxError. */
  static async create(options: DeepAgentsSandboxOptions = {}): Promise<DeepAgentsSandbox> {
    const sandbox = new DeepAgentsSandbox(options);
    try {
      await sandbox.sessions.use({}, async () => {});
      return sandbox;
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  }

  get id(): string {
    return this.#box.id;
  }

  /** The open sessions: to fetch files from, or to close. */
  get sessions(): ToolSessions {
    return this.#tools.sessions;
  }

  /** For the agent's `systemPrompt`: where files can be written and where commands find saved results, which deepagents does not tell. */
  get instructions(): string {
    const { workspace, network } = this.sessions.facts(this.sessions.languages[0]!);
    return [
      `Commands start in ${workspace}. Write files there or in /tmp: nothing else can be written, and a search of "/" looks there alone.`,
      offloadText,
      ...(network === "none" ? ["There is no network."] : []),
    ].join(" ");
  }

  override async execute(command: string): Promise<ExecuteResponse> {
    let notice = "";
    try {
      if (await this.#wasReplaced()) notice = `${ownLine(replacedText)}\n`;
      const response = await this.#box.run(command, foreignText);
      return { ...response, output: notice + response.output };
    } catch (error) {
      // The model does not see what a cancelled operation had to say.
      if (notice !== "" && this.#whose().signal?.aborted) this.#untold.add(this.#whose().conversation ?? "");
      return { output: notice + ownLine(this.#told(error)), exitCode: 1, truncated: false };
    }
  }

  override async ls(path: string): Promise<LsResult> {
    return this.#tell(() => this.#box.ls(path));
  }

  override async read(filePath: string, offset?: number, limit?: number): Promise<ReadResult> {
    return this.#tell(() => this.#box.read(filePath, offset, limit));
  }

  override async readRaw(filePath: string): Promise<ReadRawResult> {
    return this.#tell(() => this.#box.readRaw(filePath));
  }

  override async grep(
    pattern: string,
    path?: string,
    glob?: string | null,
    maxCount?: number | null,
  ): Promise<GrepResult> {
    return this.#tell(() => this.#box.grep(pattern, path, glob, maxCount));
  }

  override async glob(pattern: string, path?: string): Promise<GlobResult> {
    return this.#tell(() => this.#box.glob(pattern, path));
  }

  override async write(filePath: string, content: string): Promise<WriteResult> {
    const work = (): Promise<WriteResult> => this.#box.write(filePath, content);
    return isOffloaded(filePath) ? this.#quietly(work) : this.#tell(work);
  }

  override async delete(filePath: string): Promise<DeleteResult> {
    return this.#tell(() => this.#box.delete(filePath));
  }

  override async edit(
    filePath: string,
    oldString: string,
    newString: string,
    replaceAll?: boolean,
  ): Promise<EditResult> {
    return this.#tell(() => this.#box.edit(filePath, oldString, newString, replaceAll));
  }

  /** Rejects with a SandboxToolError where the sandbox itself fails: there is no code for that. */
  override async uploadFiles(files: [string, Uint8Array][]): Promise<FileUploadResponse[]> {
    return this.#orThrow(() => this.#box.uploadFiles(files));
  }

  /** Rejects with a SandboxToolError where the sandbox itself fails: there is no code for that. */
  override async downloadFiles(paths: string[]): Promise<FileDownloadResponse[]> {
    return this.#orThrow(() => this.#box.downloadFiles(paths));
  }

  /** Closes the sessions that were opened here. */
  async close(): Promise<void> {
    await this.#tools[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #whose(): Whose {
    const storage = AsyncLocalStorageProviderSingleton;
    const config = storage.getRunnableConfig() as RunnableConfig | undefined;
    const thread = this.sessions.given ? undefined : threadOf(config);
    return {
      signal: config?.signal,
      continued: hasAnswersOf(agentState(config), operations),
      ...(thread === undefined ? {} : { conversation: thread }),
    };
  }

  /** Opens the session, and remembers what the model has to know of it first. */
  async #open(): Promise<void> {
    const whose = this.#whose();
    const replaced = await this.sessions.use(whose, async (_, notices) => notices.length > 0);
    if (replaced) this.#untold.add(whose.conversation ?? "");
  }

  /** Whether the session is one that the model takes for an earlier one; true once. */
  async #wasReplaced(): Promise<boolean> {
    await this.#open();
    return this.#untold.delete(this.#whose().conversation ?? "");
  }

  async #tell<Result>(work: () => Promise<Result>): Promise<Result | { error: string }> {
    try {
      if (await this.#wasReplaced()) {
        return { error: `${replacedText} Nothing was done by this call; call again.` };
      }
      return await work();
    } catch (error) {
      return { error: this.#told(error) };
    }
  }

  /** As `#tell`, for what deepagents does by itself: what is told here may not reach the model, so its next operation tells it too. */
  async #quietly<Result>(work: () => Promise<Result>): Promise<Result | { error: string }> {
    try {
      await this.#open();
      return await work();
    } catch (error) {
      this.#remember(error);
      return { error: this.#told(error) };
    }
  }

  async #orThrow<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      await this.#open();
      return await work();
    } catch (error) {
      this.#remember(error);
      this.#whose().signal?.throwIfAborted();
      this.#onError?.(error);
      throw failureError(error, this.sessions.replaces);
    }
  }

  /** A loss that the model does not see: its next operation is told. */
  #remember(error: unknown): void {
    if (isLoss(error) && this.sessions.replaces) this.#untold.add(this.#whose().conversation ?? "");
  }

  /** Words for the model; an abort is rethrown. */
  #told(error: unknown): string {
    this.#whose().signal?.throwIfAborted();
    this.#onError?.(error);
    return failureError(error, this.sessions.replaces).message;
  }
}

/** What deepagents calls the tools that work in a backend. */
const operations = ["execute", "ls", "read_file", "write_file", "edit_file", "delete", "glob", "grep"];

const replacedText = "The sandbox of the earlier calls is gone, with its files. There is a new, empty one.";
