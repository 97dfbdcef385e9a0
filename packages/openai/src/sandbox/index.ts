export { SandboxAgentClient } from "./sandbox-agent-client.ts";
export type { SandboxAgentClientOptions } from "./sandbox-agent-client.ts";
export { AgentBox } from "./agent-box.ts";
export type { AgentBoxState } from "./agent-box.ts";
