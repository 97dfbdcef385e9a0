export { loopbackModel } from "./loopback-model.ts";
export type { LoopbackModel } from "./loopback-model.ts";
export type { RecordedRequest, Script, ScriptedCall, ScriptedTurn, ToolResult } from "./script.ts";
export { runFirstSnippet } from "./run-first-snippet.ts";
