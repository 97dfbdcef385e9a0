import type { CallToolResult, McpServer } from "@modelcontextprotocol/server";
import type { SandboxTools } from "@llm-sandbox/core/tool";
import { openSchema } from "./open-schema.ts";
import type { NamedSession, SessionNames } from "./session-names.ts";

const idSchema = {
  type: "object",
  properties: { session_id: { type: "string", description: "A session from open_session." } },
  required: ["session_id"],
} as const;

const sessionSchema = {
  type: "object",
  properties: {
    session_id: { type: "string" },
    label: { type: ["string", "null"] },
    opened_at: { type: "string" },
  },
  required: ["session_id", "label", "opened_at"],
} as const;

/** The tools that open, close and list sessions. */
export function registerSessionTools(server: McpServer, tools: SandboxTools, names: SessionNames): void {
  server.registerTool(
    "open_session",
    {
      title: "Open a sandbox session",
      description:
        "Opens a sandbox whose files stay from call to call, and returns its session_id for the other tools. It is closed when nobody used it for a while.",
      inputSchema: openSchema({
        type: "object",
        properties: { label: { type: "string", description: "A few words, for list_sessions." } },
      }),
      outputSchema: openSchema(sessionSchema),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
    },
    (input) => {
      const label = asRecord(input)["label"];
      const session = names.open(typeof label === "string" && label !== "" ? label.slice(0, 200) : undefined);
      return told(`The session ${session.id} is open.`, shown(session));
    },
  );
  server.registerTool(
    "close_session",
    {
      title: "Close a sandbox session",
      description: "Ends a session with all its files and processes.",
      inputSchema: openSchema(idSchema),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    async (input) => {
      const id = asRecord(input)["session_id"];
      if (typeof id !== "string" || !names.close(id)) {
        return { content: [{ type: "text", text: "There is no such session." }], isError: true };
      }
      await tools.sessions.close(id);
      return told(`The session ${id} is closed.`);
    },
  );
  server.registerTool(
    "list_sessions",
    {
      title: "List sandbox sessions",
      description: "Lists the sessions that are open.",
      inputSchema: openSchema({ type: "object", properties: {} }),
      outputSchema: openSchema({
        type: "object",
        properties: { sessions: { type: "array", items: sessionSchema } },
        required: ["sessions"],
      }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    () => {
      const sessions = names.list();
      const lines = sessions.map(
        ({ id, label, openedAt }) => `${id}${label === null ? "" : ` (${label})`}, since ${openedAt}`,
      );
      return told(lines.join("\n") || "No session is open.", { sessions: sessions.map(shown) });
    },
  );
}

function told(text: string, structuredContent?: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text }], ...(structuredContent ? { structuredContent } : {}) };
}

function shown({ id, label, openedAt }: NamedSession): Record<string, unknown> {
  return { session_id: id, label, opened_at: openedAt };
}

function asRecord(input: unknown): Readonly<Record<string, unknown>> {
  return typeof input === "object" && input !== null ? (input as Readonly<Record<string, unknown>>) : {};
}
