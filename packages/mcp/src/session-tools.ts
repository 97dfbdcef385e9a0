import type { CallToolResult, McpServer } from "@modelcontextprotocol/server";
import { ownLine, readArguments, schemaOf, shownName } from "@llm-sandbox/core/tool";
import type { Argument, SandboxTools } from "@llm-sandbox/core/tool";
import { openSchema } from "./open-schema.ts";
import type { NamedSession, SessionNames } from "./session-names.ts";

const label: Argument = {
  name: "label",
  kind: "text",
  mayBeEmpty: true,
  most: 200,
  description: "A few words, for list_sessions.",
};

const sessionId: Argument = {
  name: "session_id",
  kind: "text",
  required: true,
  description: "A session from open_session.",
};

const sessionSchema = {
  type: "object",
  properties: {
    session_id: { type: "string" },
    label: { type: ["string", "null"] },
    opened_at: { type: "string" },
  },
  required: ["session_id", "label", "opened_at"],
} as const;

/** The tools that open, close and list sessions. An id is told to none but the connection that opened the session: whoever has it has the session. */
export function registerSessionTools(server: McpServer, tools: SandboxTools, names: SessionNames): void {
  const opened = new Set<string>();
  server.registerTool(
    "open_session",
    {
      title: "Open a sandbox session",
      description:
        "Opens a sandbox whose files stay from call to call, and returns its session_id for the other tools. It is closed when nobody used it for a while.",
      inputSchema: openSchema(schemaOf([label])),
      outputSchema: openSchema(sessionSchema),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
    },
    (input) =>
      withArguments([label], input, ({ label: given }, notes) => {
        const session = names.open(given === "" ? undefined : given);
        opened.add(session.id);
        return told([...notes, `The session ${session.id} is open.`].map(ownLine), shown(session));
      }),
  );
  server.registerTool(
    "close_session",
    {
      title: "Close a sandbox session",
      description: "Ends a session with all its files and processes.",
      inputSchema: openSchema(schemaOf([sessionId])),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    (input) =>
      withArguments([sessionId], input, async ({ session_id: id }, notes) => {
        if (id === undefined || !names.close(id))
          return refused("There is no such session: nothing was closed.");
        await tools.sessions.close(id);
        return told([...notes, `The session ${id} is closed.`].map(ownLine));
      }),
  );
  server.registerTool(
    "list_sessions",
    {
      title: "List sandbox sessions",
      description: "Lists the sessions that this connection has opened, and how many others are open.",
      inputSchema: openSchema(schemaOf([])),
      outputSchema: openSchema({
        type: "object",
        properties: { sessions: { type: "array", items: sessionSchema }, others: { type: "integer" } },
        required: ["sessions", "others"],
      }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    (input) =>
      withArguments([], input, (_, notes) => {
        const all = names.list();
        const sessions = all.filter(({ id }) => opened.has(id));
        const others = all.length - sessions.length;
        const lines = sessions.map(({ id, label: name, openedAt }) => {
          return `${id}${name === null ? "" : ` (${shownName(name)})`}, since ${openedAt}`;
        });
        const more =
          others > 0
            ? [`${others} that this connection has not opened: only who opened a session knows its id.`]
            : lines.length === 0
              ? ["No session is open."]
              : [];
        const text = [...notes.map(ownLine), ...lines, ...more.map(ownLine)];
        return told(text, { sessions: sessions.map(shown), others });
      }),
  );
}

/** Does the work with the arguments as they were understood, or says what would be right. */
async function withArguments(
  known: readonly Argument[],
  input: unknown,
  work: (
    values: Readonly<Record<string, string | undefined>>,
    notes: readonly string[],
  ) => CallToolResult | Promise<CallToolResult>,
): Promise<CallToolResult> {
  const read = readArguments(known, input ?? {});
  if ("problem" in read) return refused(`Nothing was done. ${read.problem}`);
  return work(read.values as Readonly<Record<string, string | undefined>>, read.notes);
}

function refused(sentence: string): CallToolResult {
  return { content: [{ type: "text", text: ownLine(sentence) }], isError: true };
}

function told(lines: readonly string[], structuredContent?: Record<string, unknown>): CallToolResult {
  return {
    content: [{ type: "text", text: lines.join("\n") }],
    ...(structuredContent ? { structuredContent } : {}),
  };
}

function shown({ id, label, openedAt }: NamedSession): Record<string, unknown> {
  return { session_id: id, label, opened_at: openedAt };
}
