import { parseArgs } from "node:util";
import { auto, findLanguage, SandboxError } from "@llm-sandbox/core";
import type { RuntimeName } from "@llm-sandbox/core";
import type { SandboxServerOptions } from "./sandbox-server.ts";
import type { HttpOptions } from "./serve-http.ts";

export const help = `llm-sandbox-mcp: an MCP server that runs code in sandboxes.

Without --http it speaks MCP on standard input and output, for one client.

  --lang LIST        languages, such as python,javascript (default: python)
  --keep-state       keep variables from call to call, as a notebook does
  --network MODE     none (default) or full
  --runtime NAME     docker, embedded or oci (default: the strongest that is there)
  --memory MIB       memory of a sandbox (default: 1024)
  --timeout SECONDS  time limit of a call that names none (default: 30)
  --idle MINUTES     close a sandbox that was not used for so long (default: 10)
  --no-images        tell pictures by their paths only
  --http PORT        serve http://127.0.0.1:PORT/mcp
  --host ADDRESS     listen there; other than loopback, LLM_SANDBOX_MCP_TOKEN must be set
  --allow-host NAME  a further name that clients may call the server by; may be repeated
  --help, --version
`;

/** What the command line asks for. */
export interface Command {
  readonly action: "serve" | "help" | "version";
  readonly server: SandboxServerOptions;
  /** Undefined: standard input and output. */
  readonly http: HttpOptions | undefined;
}

const options = {
  lang: { type: "string" },
  "keep-state": { type: "boolean" },
  network: { type: "string" },
  runtime: { type: "string" },
  memory: { type: "string" },
  timeout: { type: "string" },
  idle: { type: "string" },
  images: { type: "boolean", default: true },
  http: { type: "string" },
  host: { type: "string" },
  "allow-host": { type: "string", multiple: true },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const;

/** Reads the command line. Throws an Error with a sentence for a person. */
export async function readCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Command> {
  const { values } = parseArgs({ args: [...args], options, allowNegative: true });
  const token = env["LLM_SANDBOX_MCP_TOKEN"];
  if (values.http === undefined && (values.host !== undefined || values["allow-host"] !== undefined)) {
    throw new Error("--host and --allow-host go with --http.");
  }
  const isHttp = values.http !== undefined;
  const languages = (values.lang ?? "python").split(",").map((name) => findLanguage(name.trim()).name);
  return {
    action: values.help ? "help" : values.version ? "version" : "serve",
    server: {
      languages,
      images: values.images,
      unnamed: isHttp ? "own" : "shared",
      keepState: values["keep-state"] ?? false,
      ...(values.network === undefined ? {} : { network: networkOf(values.network) }),
      ...(values.runtime === undefined
        ? {}
        : { runtime: await auto({ runtime: values.runtime as RuntimeName }) }),
      ...(values.memory === undefined
        ? {}
        : { limits: { memoryBytes: number("memory", values.memory) * 1_048_576 } }),
      ...(values.timeout === undefined ? {} : { timeoutMs: number("timeout", values.timeout) * 1_000 }),
      ...(values.idle === undefined ? {} : { idleMs: number("idle", values.idle) * 60_000 }),
    },
    http: isHttp
      ? {
          port: number("http", values.http),
          ...(values.host === undefined ? {} : { host: values.host }),
          ...(values["allow-host"] === undefined ? {} : { allowedHosts: values["allow-host"] }),
          ...(token === undefined || token === "" ? {} : { token }),
        }
      : undefined,
  };
}

function number(name: string, text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new Error(`--${name} needs a number.`);
  }
  return value;
}

function networkOf(mode: string): "none" | "full" {
  if (mode === "none" || mode === "full") return mode;
  throw new SandboxError("INVALID_OPTION", "--network is none or full.");
}
