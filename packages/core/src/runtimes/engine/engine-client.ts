import type { Duplex, Readable } from "node:stream";
import type { IncomingMessage } from "node:http";
import type Docker from "dockerode";
import { boundedCall } from "./bounded-call.ts";
import { engineErrorFrom } from "./engine-error.ts";
import { withReusedReads } from "./reused-reads.ts";

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

  /** The parsed JSON answer, undefined when there is none. The shape is what the engine says: callers state what they rely on. */
  json<Answer>(
    request: EngineRequest,
    options: EngineCallOptions,
    upload?: Readable | Buffer,
  ): Promise<Answer> {
    // dockerode reads answers too, but waits for ever for one that is cut.
    const read = async (answer: IncomingMessage) => parse<Answer>(await wholeText(answer, options));
    return this.#dial(request, options, streamed(upload), read);
  }

  /** The answer as a stream that lives as long as it flows; only its beginning is bounded in time. */
  stream(
    request: EngineRequest,
    options: EngineCallOptions,
    upload?: Readable | Buffer,
  ): Promise<IncomingMessage> {
    const call = { ...options, keepAborting: true };
    return this.#dial<IncomingMessage, IncomingMessage>(request, call, streamed(upload), (it) => it);
  }

  /**
   * A raw connection to a container's standard streams. The body is an empty buffer because dockerode's own attach
   * sends its options as a body, which some engines hand to the container's standard input (dockerode issue 777).
   */
  hijack(request: EngineRequest, options: EngineCallOptions): Promise<Duplex> {
    const extra = { isStream: true, hijack: true, file: Buffer.alloc(0) };
    const plain = { ...request, headers: { "Content-Type": "text/plain" } };
    return this.#dial<Duplex, Duplex>(plain, options, extra, (socket) => socket);
  }

  async #dial<Raw, Answer>(
    request: EngineRequest,
    options: EngineCallOptions & { readonly keepAborting?: boolean },
    extra: Partial<Dial>,
    finish: (raw: Raw) => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const call = {
      address: this.address,
      ...options,
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? this.timeoutMs,
    };
    try {
      return await boundedCall(call, async (abortSignal) => {
        const raw = await this.#request<Raw>(request, { ...extra, abortSignal }).catch((error: unknown) => {
          throw engineErrorFrom(error, options.what);
        });
        return finish(raw);
      });
    } catch (error) {
      if (extra.file && "destroy" in extra.file) extra.file.destroy();
      throw error;
    }
  }

  #request<Raw>(request: EngineRequest, extra: Partial<Dial>): Promise<Raw> {
    const dial: Dial = {
      path: `${request.path}?`,
      method: request.method,
      options: { _query: { ...request.query }, _body: request.body ?? {} },
      statusCodes: good,
      ...(request.headers ? { headers: { ...request.headers } } : {}),
      ...extra,
    };
    const { modem: ours } = this.docker;
    const modem = (extra.hijack ? withReusedReads(ours) : ours) as unknown as {
      dial(options: Dial, callback: (error: unknown, answer: Raw) => void): void;
    };
    return new Promise<Raw>((resolve, reject) => {
      modem.dial(dial, (error, answer) => {
        if (error) reject(error as Error);
        else resolve(answer);
      });
    });
  }
}

function streamed(upload: Readable | Buffer | undefined): Partial<Dial> {
  return upload === undefined ? { isStream: true } : { isStream: true, file: upload };
}

async function wholeText(answer: IncomingMessage, { what }: EngineCallOptions): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  } catch (error) {
    throw engineErrorFrom(error, what);
  }
}

function parse<Answer>(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    // `OK` of a ping, nothing of most that changes something.
    return undefined as Answer;
  }
}
