import type { Duplex } from "node:stream";
import { memoryWire } from "../agent/memory-wire.ts";
import type { Box, BoxExit, Runtime } from "../runtime.ts";
import { FrameDecoder } from "../stream/frame-decoder.ts";
import { FrameType, encodeFrame, encodeJson } from "../stream/frame.ts";
import type { Frame } from "../stream/frame.ts";
import { decodeMessage } from "../stream/message.ts";
import type { Message } from "../stream/message.ts";

/** The agent's end of a stream, played by a test: it sends whatever the test likes. */
export class ScriptedAgent {
  /** The host's end. */
  readonly stream: Duplex;
  readonly #inside: Duplex;
  readonly #frames: Frame[] = [];
  #wake: (() => void) | undefined;

  constructor() {
    const { host: stream, agent: inside } = memoryWire();
    this.stream = stream;
    this.#inside = inside;
    const decoder = new FrameDecoder();
    inside.on("data", (chunk: Buffer) => {
      this.#frames.push(...decoder.push(chunk));
      this.#wake?.();
    });
    inside.on("error", () => {});
  }

  /** Sends bytes in one piece. */
  send(...frames: readonly Uint8Array[]): void {
    if (!this.#inside.writableEnded) this.#inside.write(Buffer.concat(frames));
  }

  sendJson(type: number, channel: number, message: object): void {
    this.send(encodeJson(type, channel, message));
  }

  hello(fields: object = {}): void {
    this.send(helloFrame(fields));
  }

  result(channel: number, message: object): void {
    this.sendJson(FrameType.result, channel, message);
  }

  /** Ends the agent's side, as a box that died. */
  end(): void {
    this.#inside.end();
  }

  /** The next frame of a type that the host sent and that was not asked for yet. */
  async next(type: number): Promise<Frame> {
    for (;;) {
      const at = this.#frames.findIndex((frame) => frame.type === type);
      if (at >= 0) return this.#frames.splice(at, 1)[0]!;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next operation that the host asks for, of the name if one is given. */
  async operation(name?: string): Promise<Message & { readonly channel: number }> {
    for (;;) {
      const frame = await this.next(FrameType.open);
      const message = decodeMessage(frame.payload);
      if (name === undefined || message["op"] === name) return { ...message, channel: frame.channel };
    }
  }

  /** How many frames of a type wait to be asked for. */
  count(type: number): number {
    return this.#frames.filter((frame) => frame.type === type).length;
  }

  /** Resolves when the host has read what was sent before and answered a frame after it. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

export function helloFrame(fields: object = {}): Buffer {
  return encodeJson(FrameType.hello, 0, { version: 1, window: 65_536, agent: "test", ...fields });
}

export function dataFrame(channel: number, stream: number, data: string | Uint8Array): Buffer {
  const bytes = Buffer.from(data as Uint8Array);
  return encodeFrame(FrameType.data, channel, Buffer.concat([Uint8Array.of(stream), bytes]));
}

/** A runtime with one box. */
export interface ScriptedRuntime extends Runtime {
  /** How often the box was destroyed. */
  destroyed: number;
  /** Says that the box is gone. */
  vanish(exit: BoxExit): void;
}

/** A runtime whose one box has the given agent. */
export function scriptedRuntime(agent: ScriptedAgent): ScriptedRuntime {
  const gone = Promise.withResolvers<BoxExit>();
  const box: Box = {
    id: "scripted",
    stream: agent.stream,
    identity: { uid: 1_000, gid: 1_000, tags: null, env: {}, image: "scripted" },
    gone: gone.promise,
    diagnostics: () => "",
    async destroy() {
      runtime.destroyed += 1;
      agent.stream.destroy();
      gone.resolve({ reason: "destroyed", exitCode: null });
    },
  };
  const runtime: ScriptedRuntime = {
    name: "scripted",
    features: { templates: false, networks: ["none"], images: ["language", "reference"] },
    destroyed: 0,
    vanish: gone.resolve,
    launch: async () => box,
  };
  return runtime;
}
