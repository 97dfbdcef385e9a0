export { createSandboxTool } from "./agent-tool.ts";
export type { AgentTool, AgentToolOptions, AgentToolOutput, AgentToolSchema } from "./agent-tool.ts";
export { createSandboxShell } from "./agent-shell.ts";
export type { AgentShell, AgentShellOptions } from "./agent-shell.ts";
export { createSandboxEditor } from "./agent-editor.ts";
export type { AgentEditor, AgentEditorOptions, ApplyPatchCall } from "./agent-editor.ts";
