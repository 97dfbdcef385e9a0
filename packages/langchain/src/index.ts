export { createSandboxTool, createSandboxTools } from "./sandbox-tool.ts";
export type { SandboxStructuredTools, SandboxToolOptions } from "./sandbox-tool.ts";
export { SandboxStructuredTool } from "./sandbox-structured-tool.ts";
export type {
  AnswerOptions,
  SandboxArtifact,
  SandboxImage,
  SandboxProgress,
  ToolCallConfig,
} from "./sandbox-structured-tool.ts";
