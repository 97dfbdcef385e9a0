import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { TlsFiles } from "../connect.ts";
import type { Candidate, Strategy, Surroundings } from "./candidate.ts";
import { targetOf } from "./target-of.ts";

/** The folder of the docker command's settings. */
export function dockerFolder({ env, home }: Surroundings): string {
  return env["DOCKER_CONFIG"] || join(home, ".docker");
}

/**
 * The context that the docker command would use: DOCKER_CONTEXT, or the one set with `docker context use`. One set
 * that way that names a socket of this machine may be left over from an engine since removed: others are tried then.
 */
export const currentContext: Strategy = async (surroundings) => {
  const named = surroundings.env["DOCKER_CONTEXT"];
  if (named) return contextCandidate(surroundings, named, "DOCKER_CONTEXT");
  const settings = await readJson(join(dockerFolder(surroundings), "config.json"));
  const name = settings?.["currentContext"];
  if (typeof name !== "string" || name === "" || name === "default") return [];
  const [candidate] = await contextCandidate(surroundings, name, `the docker context "${name}"`);
  if (!candidate) return [];
  const { target } = candidate;
  const remote = !(target instanceof Error) && target.kind !== "socket";
  return [{ ...candidate, chosen: remote }];
};

/** The engine of a named context; `default` is the usual place of this system. */
export async function contextCandidate(
  surroundings: Surroundings,
  name: string,
  source: string,
): Promise<readonly Candidate[]> {
  if (name === "default") {
    const path = surroundings.platform === "win32" ? "//./pipe/docker_engine" : "/var/run/docker.sock";
    return [{ source, target: { kind: "socket", path }, chosen: true }];
  }
  const folder = join(dockerFolder(surroundings), "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  const meta = await readJson(join(folder, "meta", id, "meta.json"));
  const endpoint = (meta?.["Endpoints"] as Record<string, unknown> | undefined)?.["docker"];
  const { Host, SkipTLSVerify } = (endpoint ?? {}) as { Host?: unknown; SkipTLSVerify?: unknown };
  if (typeof Host !== "string" || Host === "") {
    const target = new SandboxError("ENGINE_NOT_FOUND", `There is no docker context "${name}".`, {
      remedy: "`docker context ls` lists them.",
    });
    return [{ source, target, chosen: true }];
  }
  const tls = await contextTls(join(folder, "tls", id, "docker"), SkipTLSVerify === true);
  return [{ source, target: targetOf(Host, tls), chosen: true }];
}

async function contextTls(folder: string, skipVerify: boolean): Promise<TlsFiles | null> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(folder, name)).catch(() => undefined)),
  );
  if (ca === undefined && cert === undefined && key === undefined && !skipVerify) return null;
  return { ca, cert, key, verify: !skipVerify };
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
