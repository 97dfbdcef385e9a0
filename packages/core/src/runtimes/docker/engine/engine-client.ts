import type { Duplex, Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import type Docker from "dockerode";
import { boundedCall, type CallOptions } from "./bounded-call.ts";
import { engineErrorFrom } from "./engine-error.ts";

/** One request to the engine. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE" | "HEAD";
  /** Without the query: `/containers/create`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is known of a call besides its request: the words for errors, the time it may take, who may abort it. */
export interface EngineCallOptions {
  /** What the caller wanted, to be read after "The engine could not": `create the box`. */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

interface Dial {
  path: string;
  method: string;
  options: Record<string, unknown>;
  statusCodes: Record<number, true | string>;
  headers?: Record<string, string>;
  isStream?: boolean;
  hijack?: boolean;
  file?: Buffer | Readable;
  abortSignal?: AbortSignal;
}

const good: Record<number, true> = { 101: true, 200: true, 201: true, 204: true, 304: true };

/**
 * Talks to an engine through dockerode's connection. Every call ends within its time limit: with its answer,
 * with EngineStatusError for the engine's refusal, or with a SandboxError for everything else.
 */
export class EngineClient {
  readonly docker: Docker;
  readonly timeoutMs: number;
  /** Where the engine is, for messages. */
  readonly address: string;

  constructor(docker: Docker, address: string, timeoutMs: number) {
    this.docker = docker;
    this.address = address;
    this.timeoutMs = timeoutMs;
  }

  /** The parsed JSON answer. The shape is what the engine says: callers state what they rely on. */
  json<Answer>(request: EngineRequest, options: EngineCallOptions): Promise<Answer> {
    return this.#dial<Answer>(request, options, {});
  }

  /** The answer as a stream that lives as long as it flows; only its beginning is bounded in time. */
  stream(
    request: EngineRequest,
    options: EngineCallOptions,
    upload?: Readable | Buffer,
  ): Promise<IncomingMessage> {
    return this.#dial<IncomingMessage>(
      request,
      options,
      upload === undefined ? { isStream: true } : { isStream: true, file: upload },
      { keepAborting: true },
    );
  }

  /** Sends a body of bytes, the answer is read to its end. */
  upload(request: EngineRequest, options: EngineCallOptions, body: Readable | Buffer): Promise<unknown> {
    return this.#dial(request, options, { file: body });
  }

  /**
   * A raw connection to a container's standard streams. The body is an empty buffer because dockerode's own attach
   * sends its options as a body, which some engines hand to the container's standard input (dockerode issue 777).
   */
  hijack(request: EngineRequest, options: EngineCallOptions): Promise<Duplex> {
    return this.#dial<Duplex>({ ...request, headers: { "Content-Type": "text/plain" } }, options, {
      isStream: true,
      hijack: true,
      file: Buffer.alloc(0),
    });
  }

  #dial<Answer>(
    request: EngineRequest,
    options: EngineCallOptions,
    extra: Partial<Dial>,
    streaming: { keepAborting?: boolean } = {},
  ): Promise<Answer> {
    const call: CallOptions = {
      what: options.what,
      address: this.address,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? this.timeoutMs,
      ...streaming,
    };
    return boundedCall<Answer>(call, (abortSignal) => {
      return new Promise<Answer>((resolve, reject) => {
        const dial: Dial = {
          path: `${request.path}?`,
          method: request.method,
          options: { _query: { ...request.query }, _body: request.body ?? {} },
          statusCodes: good,
          abortSignal,
          ...(request.headers ? { headers: { ...request.headers } } : {}),
          ...extra,
        };
        const modem = this.docker.modem as unknown as {
          dial(options: Dial, callback: (error: unknown, answer: Answer) => void): void;
        };
        modem.dial(dial, (error, answer) => {
          if (error) reject(engineErrorFrom(error, options.what));
          else resolve(answer);
        });
      });
    }).catch((error: unknown) => {
      if (extra.file && "destroy" in extra.file) extra.file.destroy();
      throw error;
    });
  }
}
