export { createSandboxTool, createSandboxTools } from "./sandbox-tool.ts";
export type { SandboxFunctionTool, SandboxFunctionTools, SandboxToolOptions } from "./sandbox-tool.ts";
export type { AnswerOptions, FunctionTools, HandleOptions, SandboxRunnerFunction } from "./function-tools.ts";
export type { FunctionCall, FunctionOutput } from "./answer.ts";
export { createSandboxShell } from "./sandbox-shell.ts";
export type {
  LocalShellCall,
  LocalShellCallOutput,
  SandboxShell,
  SandboxShellOptions,
  ShellCall,
} from "./sandbox-shell.ts";
