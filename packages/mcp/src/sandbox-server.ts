import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { McpServer } from "@modelcontextprotocol/server";
import type { CallToolResult, ServerContext } from "@modelcontextprotocol/server";
import { checkToolOptions, defaultConversation, ownLine, sandboxTools } from "@llm-sandbox/core/tool";
import type { SandboxTool, SandboxTools, SandboxToolsOptions, ToolSessions } from "@llm-sandbox/core/tool";
import { openSchema } from "./open-schema.ts";
import { registerSessionTools } from "./session-tools.ts";
import { SessionNames } from "./session-names.ts";
import { resultSchema, toolResult } from "./tool-result.ts";

/** Where the server runs code, and how it behaves. */
export interface SandboxServerOptions extends Omit<SandboxToolsOptions, "session" | "sessions"> {
  /** Hand pictures to the client beside their paths. Default true. */
  readonly images?: boolean;
  /**
   * What a call without a `session_id` gets: `shared`, the one sandbox of this server, for a server that one client has to
   * itself (stdio); or `own`, a sandbox for this call alone (HTTP). Default `own`.
   */
  readonly unnamed?: "shared" | "own";
}

/** A server for any number of connections. Disposing it closes every sandbox. */
export interface SandboxServer extends AsyncDisposable {
  /** Makes the protocol's side for one connection or request: for `serveStdio` and `createMcpHandler`. */
  readonly factory: () => McpServer;
}

/** Name and version, as clients are told. */
export const serverInfo: { readonly name: string; readonly version: string } = {
  name: "llm-sandbox",
  version: (createRequire(import.meta.url)("../package.json") as { version: string }).version,
};

/** An MCP server whose tools run code, commands and file operations in sandboxes. Starts none until a call needs it. */
export function sandboxServer(options: SandboxServerOptions = {}): SandboxServer {
  checkToolOptions("sandboxServer", options, {
    more: ["images", "unnamed"],
    without: ["session", "sessions"],
  });
  const { images = true, unnamed = "own", ...rest } = options;
  const tools = sandboxTools(rest);
  const names = new SessionNames();
  return {
    factory: () => {
      const server = new McpServer(serverInfo, {
        instructions: instructionsFor[unnamed],
      });
      for (const tool of [tools.code, tools.command, tools.listFiles, tools.readFile, tools.writeFile]) {
        registerTool(server, tool, { tools, names, images, unnamed });
      }
      registerSessionTools(server, tools, names);
      return server;
    },
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  };
}

interface Settings {
  readonly tools: SandboxTools;
  readonly names: SessionNames;
  readonly images: boolean;
  readonly unnamed: "shared" | "own";
}

const instructionsFor = {
  shared:
    "Runs code in isolated sandboxes. Calls without session_id share one, or one per language, and its files stay from call to call. For another one apart from it open a session, pass its id to the other tools, and close it at the end.",
  own: "Runs code in isolated sandboxes. A call without session_id runs in a new one, of which nothing is kept. To keep files from call to call open a session, pass its id to the other tools, and close it at the end.",
} as const;

const unnamedTexts = {
  shared: "Calls without it share one sandbox, whose files stay from call to call.",
  own: "A call without it runs in a new sandbox that is gone after the call, with its files.",
} as const;

/** What is said of files and variables holds for sessions alone. */
const ownText =
  "All this holds within a session: pass the session_id of open_session. A call without one runs in a new sandbox, and nothing of it is kept: no files, no variables, no pictures.";

function registerTool(server: McpServer, tool: SandboxTool, settings: Settings): void {
  const { images, names, unnamed } = settings;
  const { properties, ...schema } = tool.inputSchema;
  const session_id = { type: "string", description: `A session from open_session. ${unnamedTexts[unnamed]}` };
  server.registerTool(
    tool.name,
    {
      title: tool.title,
      description: unnamed === "own" ? `${tool.description}\n${ownText}` : tool.description,
      inputSchema: openSchema({ ...schema, properties: { ...properties, session_id } }),
      outputSchema: openSchema(resultSchema),
      annotations: {
        title: tool.title,
        readOnlyHint: tool.readOnly,
        destructiveHint: false,
        idempotentHint: tool.readOnly,
        openWorldHint: runsPrograms(tool, settings.tools) && reachesNetwork(settings.tools.sessions),
      },
    },
    async (input, context) => {
      const { session_id: id, ...rest } = asObject(input);
      const named = id === undefined || id === null || id === "" ? undefined : id;
      if (named !== undefined && !(typeof named === "string" && names.has(named))) return noSession(named);
      return toolResult(await call(tool, rest, { named, context, settings }), images);
    },
  );
}

function runsPrograms(tool: SandboxTool, { code, command }: SandboxTools): boolean {
  return tool === code || tool === command;
}

/** Whether programs may talk to others, as far as is known. */
function reachesNetwork(sessions: ToolSessions): boolean {
  return sessions.languages.some((language) => sessions.facts(language).network !== "none");
}

async function call(
  tool: SandboxTool,
  input: object,
  { named, context, settings }: { named: string | undefined; context: ServerContext; settings: Settings },
): ReturnType<SandboxTool["call"]> {
  const isOwn = named === undefined && settings.unnamed === "own";
  const conversation = named ?? (isOwn ? randomUUID() : defaultConversation);
  const onProgress = progressOf(context);
  try {
    return await tool.call(input, {
      conversation,
      signal: context.mcpReq.signal,
      ...(onProgress ? { onProgress } : {}),
    });
  } finally {
    if (isOwn) await settings.tools.sessions.close(conversation);
  }
}

/** Tells the client the last line of output, if it has asked for progress. */
function progressOf({ mcpReq }: ServerContext): ((text: string) => void) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  return (text) => {
    const message = text.trimEnd().split("\n").at(-1)!.slice(-200);
    progress += 1;
    mcpReq
      .notify({ method: "notifications/progress", params: { progressToken, progress, message } })
      .catch(() => {});
  };
}

function asObject(input: unknown): Readonly<Record<string, unknown>> {
  return typeof input === "object" && input !== null ? (input as Readonly<Record<string, unknown>>) : {};
}

function noSession(id: unknown): CallToolResult {
  const shown = typeof id === "string" ? JSON.stringify(id.slice(0, 60)) : "of that kind";
  const text = ownLine(
    `Nothing was run. There is no session ${shown}: perhaps it was closed, or the server was started again. Open one with open_session, or leave session_id out.`,
  );
  return {
    content: [{ type: "text", text }],
    structuredContent: {
      status: "refused",
      output: text,
      exit_code: null,
      images: [],
      files: [],
      duration_ms: 0,
    },
    isError: true,
  };
}
