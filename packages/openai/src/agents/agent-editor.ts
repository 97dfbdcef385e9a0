import { checkToolOptions, failureError, harmlessly, ownLine, sandboxTools } from "@llm-sandbox/core/tool";
import type { ToolCallOptions, ToolSessions } from "@llm-sandbox/core/tool";
import type { ApplyPatchOperation, ApplyPatchResult, Editor, EditorInvocationContext } from "@openai/agents";
import type { ApplyPatchTool, ResponseInputItem } from "openai/resources/responses/responses";
import type { AgentShellOptions } from "./agent-shell.ts";
import { checkConversation } from "./agent-tool.ts";
import { conversationOfRun } from "./conversation-of-run.ts";
import { Refusal, applyOperation } from "./apply-operation.ts";

/** Everything that `createSandboxEditor` takes. */
export interface AgentEditorOptions extends AgentShellOptions {}

/** The parts of an `apply_patch_call` that are needed to answer it. */
export type ApplyPatchCall = Pick<ResponseInputItem.ApplyPatchCall, "type" | "call_id" | "operation">;

/** An editor of files in a sandbox. Disposing it closes the sessions that it opened. */
export interface AgentEditor extends Editor, AsyncDisposable {
  createFile(
    operation: Extract<ApplyPatchOperation, { type: "create_file" }>,
    context?: EditorInvocationContext,
  ): Promise<ApplyPatchResult>;
  updateFile(
    operation: Extract<ApplyPatchOperation, { type: "update_file" }>,
    context?: EditorInvocationContext,
  ): Promise<ApplyPatchResult>;
  deleteFile(
    operation: Extract<ApplyPatchOperation, { type: "delete_file" }>,
    context?: EditorInvocationContext,
  ): Promise<ApplyPatchResult>;
  /** For `tools` of Responses, without the Agents SDK's loop. */
  readonly definition: ApplyPatchTool;
  /** Whether the item is an `apply_patch_call`. */
  handles(item: unknown): item is ApplyPatchCall;
  /** Carries out an `apply_patch_call` of Responses, and gives the item that answers it. */
  handle(call: ApplyPatchCall, options?: ToolCallOptions): Promise<ResponseInputItem.ApplyPatchCallOutput>;
  readonly sessions: ToolSessions;
}

/** An editor for `applyPatchTool({ editor })` and for `apply_patch_call`. Failures are told to the model; nothing is half done. */
export function createSandboxEditor(options: AgentEditorOptions = {}): AgentEditor {
  checkToolOptions("createSandboxEditor", options, {
    more: ["conversation"],
    without: ["name", "extraInstructions"],
  });
  const { conversation, ...more } = options;
  checkConversation(conversation);
  const { sessions, [Symbol.asyncDispose]: dispose } = sandboxTools(more);

  async function edit(
    operation: unknown,
    call: ToolCallOptions = {},
    ofRun?: string,
  ): Promise<ApplyPatchResult> {
    const whose = call.conversation ?? conversation ?? (sessions.given ? undefined : ofRun);
    const request = { signal: call.signal, ...(whose === undefined ? {} : { conversation: whose }) };
    try {
      return await sessions.use(request, async (live, notices) => {
        const { result: told } = await live.watch.during(() =>
          applyOperation(operation as ApplyPatchOperation, live.session.files, call.signal),
        );
        return { status: "completed", output: [...notices.map(ownLine), told].join("\n") };
      });
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason;
      if (error instanceof Refusal) return { status: "failed", output: error.message };
      harmlessly(more.onError)?.(error);
      return { status: "failed", output: failureError(error, sessions.replaces).message };
    }
  }

  const editOfRun = (
    operation: ApplyPatchOperation,
    context?: EditorInvocationContext,
  ): Promise<ApplyPatchResult> => edit(operation, {}, conversationOfRun(context?.runContext));

  return {
    createFile: editOfRun,
    updateFile: editOfRun,
    deleteFile: editOfRun,
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
