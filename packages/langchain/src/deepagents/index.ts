export { DeepAgentsSandbox } from "./deepagents-sandbox.ts";
export type { DeepAgentsSandboxOptions } from "./deepagents-sandbox.ts";
