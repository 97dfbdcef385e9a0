import { existsSync } from "node:fs";
import type Docker from "dockerode";
import { SandboxError } from "../../../errors.ts";
import { silentLogger, type Logger } from "../../../logger.ts";
import { homeFolder } from "../../shared/home-folder.ts";
import type { EngineChoice } from "../engine-choice.ts";
import { addressOf, connect } from "../connect.ts";
import { describeEngine, type Engine } from "../engine.ts";
import { EngineClient } from "../engine-client.ts";
import type { Candidate, NamedChoice, Strategy, Surroundings } from "./candidate.ts";
import { currentContext } from "./docker-context.ts";
import { dockerHost } from "./docker-host.ts";
import { explicitChoice } from "./explicit-choice.ts";
import { noEngineError, type Attempt } from "./no-engine-error.ts";
import { usualSockets } from "./usual-sockets.ts";

/** An engine with how it was found. */
export interface Discovery {
  readonly engine: Engine;
  readonly source: string;
  /** What was tried before it. */
  readonly attempts: readonly Attempt[];
}

export const defaultTimeoutMs = 60_000;

/** Tried in order; the first candidate that answers is the engine. */
const strategies: readonly Strategy[] = [explicitChoice, dockerHost, currentContext, usualSockets];

/**
 * How long a candidate may take to say that it is there: nearby, over a network, through ssh with its handshake. A
 * socket that systemd listens on accepts at once, but its engine is only started then, which can take seconds.
 */
const pingMs = { socket: 10_000, client: 10_000, tcp: 10_000, ssh: 40_000 } as const;

/**
 * The first engine that answers. Throws ENGINE_NOT_FOUND with every place tried, why it was not it, and the next step
 * for this system; ENGINE_TIMEOUT when the one engine that was chosen accepts connections but says nothing.
 */
export async function discoverEngine(
  options: NamedChoice,
  { signal, logger = silentLogger }: { signal?: AbortSignal | undefined; logger?: Logger | undefined } = {},
  surroundings: Surroundings = thisMachine(),
): Promise<Discovery> {
  const attempts: Attempt[] = [];
  for (const strategy of strategies) {
    for (const candidate of await strategy(surroundings, options)) {
      signal?.throwIfAborted();
      try {
        const engine = await reach(candidate, options, signal);
        const { kind, version, client } = engine;
        logger.info(`Using ${kind} ${version} at ${client.address}, named by ${candidate.source}.`);
        return { engine, source: candidate.source, attempts };
      } catch (error) {
        if (signal?.aborted || SandboxError.is(error, "UNSUPPORTED")) throw error;
        const attempt = attemptOf(candidate, error);
        logger.debug(`No engine: ${attempt.source} (${attempt.address}): ${attempt.reason}`);
        attempts.push(attempt);
        if (candidate.chosen) {
          throw SandboxError.is(error, "ENGINE_TIMEOUT") || SandboxError.is(error, "INVALID_OPTION")
            ? error
            : noEngineError(attempts, surroundings, candidate);
        }
      }
    }
  }
  throw noEngineError(attempts, surroundings, null);
}

async function reach(
  { target }: Candidate,
  options: EngineChoice,
  signal: AbortSignal | undefined,
): Promise<Engine> {
  if (target instanceof Error) throw target;
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const docker = target.kind === "client" ? target.client : connect(target);
  const address = target.kind === "client" ? clientAddress(docker) : addressOf(target);
  const client = new EngineClient(docker, address, timeoutMs);
  await client.json(
    { method: "GET", path: "/_ping" },
    { what: "answer", signal, timeoutMs: Math.min(timeoutMs, pingMs[target.kind]) },
  );
  return describeEngine(client, { signal });
}

function attemptOf({ source, target }: Candidate, error: unknown): Attempt {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  const address = target instanceof Error || target.kind === "client" ? "" : addressOf(target);
  const missing = !(target instanceof Error) && target.kind === "socket" && !existsSync(target.path);
  const reason = missing ? "there is no such socket" : (cause?.message ?? message);
  return {
    source,
    address,
    reason,
    missing,
    stopped: cause?.code === "ECONNREFUSED",
    denied: cause?.code === "EACCES",
  };
}

function clientAddress(docker: Docker): string {
  const modem = docker.modem as { socketPath?: unknown; host?: unknown; port?: unknown };
  if (typeof modem.socketPath === "string") return `unix://${modem.socketPath}`;
  if (typeof modem.host === "string") return `${modem.host}:${String(modem.port ?? "")}`;
  return "the given client";
}

function thisMachine(): Surroundings {
  return {
    env: process.env,
    home: homeFolder(),
    platform: process.platform,
    uid: process.getuid?.() ?? null,
  };
}
