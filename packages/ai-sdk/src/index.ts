export { createSandboxTool, createSandboxTools } from "./create-sandbox-tools.ts";
export type {
  CodeInput,
  CommandInput,
  CreateSandboxToolOptions,
  ListFilesInput,
  ReadFileInput,
  SandboxTool,
  SandboxTools,
  WriteFileInput,
} from "./create-sandbox-tools.ts";
export type { CallFacts, ConversationChoice } from "./conversation-of.ts";
export type { SandboxToolOutput } from "./tool-output.ts";
export { shellExecute } from "./shell-execute.ts";
export type { ShellInput, ShellOutput } from "./shell-execute.ts";
export { toSandboxSession } from "./to-sandbox-session.ts";
