import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SandboxError } from "../../errors.ts";

/** The agent program for one architecture. */
export interface AgentBinary {
  readonly bytes: Buffer;
  /** The first 16 hexadecimal digits of its SHA-256. */
  readonly hash: string;
}

/** Finds the agent for an architecture such as `amd64`; throws UNSUPPORTED with what to do when it is not there. */
export type FindAgentBinary = (architecture: string) => Promise<AgentBinary>;

const found = new Map<string, AgentBinary>();

/** Looks beside the built package first, then in a checkout of the repository. Read once per process. */
export async function findAgentBinary(architecture: string): Promise<AgentBinary> {
  const known = found.get(architecture);
  if (known) return known;
  for (const path of placesOf(architecture)) {
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null || bytes.length === 0) continue;
    const binary = { bytes, hash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) };
    found.set(architecture, binary);
    return binary;
  }
  throw new SandboxError("UNSUPPORTED", `The sandbox's agent for linux/${architecture} is not installed.`, {
    remedy: "Install @llm-sandbox/core again; in a checkout run `pnpm --filter agent build`.",
    details: { looked: placesOf(architecture) },
  });
}

/** Both places exist for this file as a source and for the bundle that it becomes part of. */
function placesOf(architecture: string): string[] {
  const name = `agent-linux-${architecture}`;
  return [
    new URL(`./agent/${name}`, import.meta.url),
    new URL(`../../../dist/agent/${name}`, import.meta.url),
    new URL(`../../../../agent/dist/${name}`, import.meta.url),
    new URL(`../../agent/dist/${name}`, import.meta.url),
  ].map((url) => fileURLToPath(url));
}
