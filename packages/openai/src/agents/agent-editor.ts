import { failureOutcome, sandboxTools } from "@llm-sandbox/core/tool";
import type { LiveSession, ToolCallOptions, ToolSessions } from "@llm-sandbox/core/tool";
import { applyDiff } from "@openai/agents";
import type { ApplyPatchOperation, ApplyPatchResult, Editor } from "@openai/agents";
import type { ApplyPatchTool, ResponseInputItem } from "openai/resources/responses/responses";
import type { AgentShellOptions } from "./agent-shell.ts";
import { checkConversation } from "./agent-tool.ts";

/** Largest file that is patched, in bytes. */
const mostBytes = 10 * 1_048_576;

/** Everything that `createSandboxEditor` takes. */
export interface AgentEditorOptions extends AgentShellOptions {}

/** The parts of an `apply_patch_call` that are needed to answer it. */
export type ApplyPatchCall = Pick<ResponseInputItem.ApplyPatchCall, "type" | "call_id" | "operation">;

/** An editor of files in a sandbox. Disposing it closes the sessions that it opened. */
export interface AgentEditor extends Editor, AsyncDisposable {
  createFile(operation: Extract<ApplyPatchOperation, { type: "create_file" }>): Promise<ApplyPatchResult>;
  updateFile(operation: Extract<ApplyPatchOperation, { type: "update_file" }>): Promise<ApplyPatchResult>;
  deleteFile(operation: Extract<ApplyPatchOperation, { type: "delete_file" }>): Promise<ApplyPatchResult>;
  /** For `tools` of Responses, without the Agents SDK's loop. */
  readonly definition: ApplyPatchTool;
  /** Whether the item is an `apply_patch_call`. */
  handles(item: unknown): item is ApplyPatchCall;
  /** Carries out an `apply_patch_call` of Responses, and gives the item that answers it. */
  handle(call: ApplyPatchCall, options?: ToolCallOptions): Promise<ResponseInputItem.ApplyPatchCallOutput>;
  readonly sessions: ToolSessions;
}

/** Why an operation was not carried out, in words for the model. */
class Refusal extends Error {}

/** An editor for `applyPatchTool({ editor })` and for `apply_patch_call`. Failures are told to the model; nothing is half done. */
export function createSandboxEditor(options: AgentEditorOptions = {}): AgentEditor {
  const { conversation, ...more } = options;
  checkConversation(conversation);
  const { sessions, [Symbol.asyncDispose]: dispose } = sandboxTools(more);

  async function edit(operation: unknown, call: ToolCallOptions = {}): Promise<ApplyPatchResult> {
    const whose = call.conversation ?? conversation;
    const request = { signal: call.signal, ...(whose === undefined ? {} : { conversation: whose }) };
    try {
      return await sessions.use(request, async (live, notices) => {
        const told = await carryOut(operation as ApplyPatchOperation, live, call.signal);
        await live.changes();
        return { status: "completed", output: [...notices.map((notice) => `[${notice}]`), told].join("\n") };
      });
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason;
      if (error instanceof Refusal) return { status: "failed", output: error.message };
      more.onError?.(error);
      return { status: "failed", output: failureOutcome(error, !sessions.given).text };
    }
  }

  return {
    createFile: (operation) => edit(operation),
    updateFile: (operation) => edit(operation),
    deleteFile: (operation) => edit(operation),
    definition: { type: "apply_patch" },
    handles: (item): item is ApplyPatchCall =>
      (item as { readonly type?: unknown } | null | undefined)?.type === "apply_patch_call",
    async handle({ call_id, operation }, call) {
      const { status = "completed", output = "" } = await edit(operation, call);
      return { type: "apply_patch_call_output", call_id, status, output };
    },
    sessions,
    [Symbol.asyncDispose]: dispose,
  };
}

async function carryOut(
  operation: ApplyPatchOperation,
  { session: { files } }: LiveSession,
  signal: AbortSignal | undefined,
): Promise<string> {
  const option = signal ? { signal } : {};
  const path = given("path", operation?.path);
  if (operation.type === "create_file") {
    const content = patched("", given("diff", operation.diff, true), "create");
    if (await files.exists(path, option)) {
      throw new Refusal("There is something at that path already. Update it, or delete it first.");
    }
    await files.writeFile(path, content, option);
    return `Created ${path}.`;
  }
  if (operation.type === "delete_file") {
    if ((await files.stat(path, option)).type === "directory") throw new Refusal("That path is a folder.");
    await files.remove(path, option);
    return `Deleted ${path}.`;
  }
  if (operation.type !== "update_file") throw new Refusal("There is no such operation.");
  const bytes = await files.readFile(path, { ...option, maxBytes: mostBytes });
  const content = patched(textOf(bytes), given("diff", operation.diff, true), "default");
  const target = operation.moveTo === undefined ? path : given("moveTo", operation.moveTo);
  if (target !== path && (await files.exists(target, option))) {
    throw new Refusal("There is something already where the file is to be moved.");
  }
  await files.writeFile(target, content, option);
  if (target !== path) await files.remove(path, option);
  return target === path ? `Updated ${path}.` : `Updated ${path}, which is ${target} now.`;
}

function given(name: string, value: unknown, mayBeEmpty = false): string {
  if (typeof value === "string" && (mayBeEmpty || value.trim() !== "") && !value.includes("\0")) return value;
  throw new Refusal(`Nothing was changed: the operation's ${name} is missing or no text.`);
}

function patched(content: string, diff: string, mode: "create" | "default"): string {
  try {
    return applyDiff(content, diff, mode);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    throw new Refusal(`Nothing was changed: the patch does not fit the file. ${reason}`.trim());
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal("Nothing was changed: the file is no UTF-8 text.");
  }
}
