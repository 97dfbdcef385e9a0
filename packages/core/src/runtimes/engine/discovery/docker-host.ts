import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { TlsFiles } from "../connect.ts";
import type { Strategy, Surroundings } from "./candidate.ts";
import { dockerFolder } from "./docker-context.ts";
import { targetOf } from "./target-of.ts";

/** DOCKER_HOST with DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH, as the docker command reads them. */
export const dockerHost: Strategy = async (surroundings) => {
  const { env } = surroundings;
  const host = env["DOCKER_HOST"];
  if (!host) return [];
  const address = host.includes("://") ? host : `tcp://${host}`;
  const source = "DOCKER_HOST";
  if (!address.startsWith("tcp://") || !(env["DOCKER_TLS_VERIFY"] || env["DOCKER_TLS"])) {
    return [{ source, target: targetOf(address, null), chosen: true }];
  }
  try {
    return [{ source, target: targetOf(address, await certificates(surroundings)), chosen: true }];
  } catch (error) {
    const target = new SandboxError(
      "ENGINE_NOT_FOUND",
      `The certificates for DOCKER_HOST cannot be read: ${(error as Error).message}.`,
      { cause: error, remedy: "Set DOCKER_CERT_PATH to the folder of ca.pem, cert.pem and key.pem." },
    );
    return [{ source, target, chosen: true }];
  }
};

async function certificates(surroundings: Surroundings): Promise<TlsFiles> {
  const { env } = surroundings;
  const folder = env["DOCKER_CERT_PATH"] || dockerFolder(surroundings);
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readFile(join(folder, name))),
  );
  return { ca, cert, key, verify: Boolean(env["DOCKER_TLS_VERIFY"]) };
}
