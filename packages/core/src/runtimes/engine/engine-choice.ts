import type Docker from "dockerode";

/** Which engine of the Docker API is meant, and how it is reached; with none of these it is looked for. */
export interface EngineChoice {
  /** A dockerode instance of your own; `host`, `tls` and `context` are then not allowed. */
  readonly client?: Docker;
  /** `unix:///path`, `tcp://host:port`, `ssh://user@host` or `npipe:////./pipe/name`. Nothing else is tried. */
  readonly host?: string;
  /** Certificates for a `tcp://` host, in PEM. */
  readonly tls?: DockerTls;
  /** The name of a docker context. Nothing else is tried. */
  readonly context?: string;
  /** How long the engine may take to answer one call, in milliseconds. Default 60,000. Pulls and builds are not limited by it. */
  readonly timeoutMs?: number;
}

/** PEM texts. */
export interface DockerTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}
