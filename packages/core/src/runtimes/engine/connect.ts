import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import Docker from "dockerode";
import { SandboxError } from "../../errors.ts";
import { SshAgent } from "./ssh-agent.ts";

/** An engine's address, with everything needed to connect. */
export type Endpoint =
  | { readonly kind: "socket"; readonly path: string }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly tls: TlsFiles | null;
    }
  | { readonly kind: "ssh"; readonly url: string };

/** PEM texts of a TLS connection. Absent `ca`: the system's authorities. */
export interface TlsFiles {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** False: the engine's certificate is not checked, as the docker command does without DOCKER_TLS_VERIFY. */
  readonly verify?: boolean;
}

/** The endpoint as docker writes it. */
export function addressOf(endpoint: Endpoint): string {
  if (endpoint.kind === "ssh") return endpoint.url;
  if (endpoint.kind === "tcp") return `tcp://${bracketed(endpoint.host)}:${endpoint.port}`;
  return endpoint.path.startsWith("//") || endpoint.path.startsWith("\\\\")
    ? `npipe://${endpoint.path.replaceAll("\\", "/")}`
    : `unix://${endpoint.path}`;
}

/** Reads `unix://`, `tcp://`, `http(s)://`, `ssh://`, `npipe://`; throws INVALID_OPTION for anything else. */
export function parseEndpoint(host: string, tls: TlsFiles | null): Endpoint {
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/s.exec(host) ?? [];
  if (scheme === "unix" && rest?.startsWith("/")) return { kind: "socket", path: rest };
  if (scheme === "npipe" && rest) return { kind: "socket", path: rest };
  if (scheme === "ssh" && URL.canParse(host)) {
    const { hostname, username } = new URL(host);
    // ssh would read a name that begins with a dash as an option.
    if (hostname !== "" && !hostname.startsWith("-") && !decodeURIComponent(username).startsWith("-")) {
      return { kind: "ssh", url: host };
    }
  }
  if ((scheme === "tcp" || scheme === "http" || scheme === "https") && rest) {
    // A URL of scheme tcp drops no default port, one of scheme http does.
    const url = URL.canParse(`tcp://${rest}`) ? new URL(`tcp://${rest}`) : null;
    if (url?.hostname) {
      const secure = tls ?? (scheme === "https" ? {} : null);
      const port = url.port === "" ? (secure ? 2376 : 2375) : Number(url.port);
      return { kind: "tcp", host: url.hostname.replace(/^\[|\]$/g, ""), port, tls: secure };
    }
  }
  throw new SandboxError("INVALID_OPTION", `The host "${host}" is not an engine's address.`, {
    remedy: "Write unix:///path/to.sock, tcp://host:2376, ssh://user@host or npipe:////./pipe/name.",
  });
}

/** A dockerode instance for the endpoint that ignores DOCKER_HOST and its like. Nothing is connected yet. */
export function connect(endpoint: Endpoint): Docker {
  // dockerode fills every absent option from the environment; a present `undefined` keeps that out.
  const blank = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    protocol: undefined,
    username: undefined,
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
    pathPrefix: "/",
  };
  try {
    return new Docker({ ...blank, ...modemOptions(endpoint) } as Docker.DockerOptions);
  } catch (error) {
    throw new SandboxError(
      "INVALID_OPTION",
      `The environment of the docker command is broken: ${(error as Error).message}.`,
      { cause: error, remedy: "Correct or unset DOCKER_HOST and DOCKER_CERT_PATH." },
    );
  }
}

function modemOptions(endpoint: Endpoint): Record<string, unknown> {
  if (endpoint.kind === "socket") {
    return { socketPath: endpoint.path, protocol: "http", agent: new HttpAgent({ keepAlive: true }) };
  }
  if (endpoint.kind === "ssh") {
    return { host: "http://engine", protocol: "http", agent: new SshAgent(endpoint.url) };
  }
  const { host, port, tls } = endpoint;
  if (!tls) {
    const agent = new HttpAgent({ keepAlive: true });
    return { host: `http://${bracketed(host)}`, port, protocol: "http", agent };
  }
  const { ca, cert, key, verify } = tls;
  const agent = new HttpsAgent({
    keepAlive: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: verify !== false,
  });
  return { host: `https://${bracketed(host)}`, port, protocol: "https", agent };
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
