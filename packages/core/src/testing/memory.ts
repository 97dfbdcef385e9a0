import { Readable } from "node:stream";
import { memoryWire } from "../agent/memory-wire.ts";
import { checkKnown, checkOptional } from "../option-checks.ts";
import type { Box, BoxExit, BoxSpec, Runtime } from "../runtime.ts";
import { ProtocolAgent } from "../agent/protocol-agent.ts";
import { MemoryFiles } from "../agent/memory-files.ts";
import type { MemoryCommand, MemoryHandler, MemoryRun } from "./memory-script.ts";
import { unpackTree } from "../agent/memory-tar.ts";
import { runProcess } from "./memory-process.ts";

/** What code and commands do in boxes of this double. Without a handler they end well and say nothing. */
export interface MemoryOptions {
  /** Plays every run of code, in whatever language. */
  readonly run?: MemoryHandler<MemoryRun>;
  /**
   * Plays every command. One that throws fails with the exit code 1; an error with the `code` of an errno, such as
   * `ENOENT`, says that there is no such program.
   */
  readonly command?: MemoryHandler<MemoryCommand>;
}

/**
 * A runtime without an engine, for tests of programs that use sessions: boxes live in this process, code is never
 * run but played by the handlers, files are kept in memory, and everything else is the real thing.
 */
export function memory(options: MemoryOptions = {}): Runtime {
  checkKnown("memory", options, ["run", "command"]);
  checkOptional(options, "run", "function");
  checkOptional(options, "command", "function");
  const templates = new Map<string, Buffer>();
  return {
    name: "memory",
    features: {
      templates: true,
      networks: ["none", "full"],
      images: ["reference", "dockerfile", "language"],
    },
    async launch(spec, launch) {
      launch?.signal?.throwIfAborted();
      return startBox(spec, options, templates);
    },
    async saveTemplate(request, launch) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request.workspace) chunks.push(chunk as Uint8Array);
      launch?.signal?.throwIfAborted();
      const reference = request.name ?? `memory-template-${templates.size + 1}`;
      templates.set(reference, Buffer.concat(chunks));
      return { reference };
    },
  };
}

function startBox(spec: BoxSpec, options: MemoryOptions, templates: ReadonlyMap<string, Buffer>): Box {
  const { host: stream, agent: inside } = memoryWire();
  const { workspace, limits } = spec;
  const files = new MemoryFiles({
    workspace,
    maxBytes: limits.diskBytes,
    maxEntries: limits.diskEntries,
  });
  const gone = Promise.withResolvers<BoxExit>();
  const end = (exit: BoxExit): void => {
    gone.resolve(exit);
    agent.stop();
    inside.destroy();
  };
  const agent: ProtocolAgent = new ProtocolAgent({
    stream: inside,
    name: "memory",
    files,
    spawn: (channel, request, env) =>
      runProcess(channel, request, {
        run: options.run,
        command: options.command,
        files,
        env,
        loseBox: () => end({ reason: "killed", exitCode: null, message: "by the test" }),
      }),
    onEnd: () => gone.resolve({ reason: "exited", exitCode: 0 }),
    restore: async () => {
      const template = templates.get(imageName(spec));
      if (template) await unpackTree(files, workspace, Readable.from([template]));
    },
  });
  // A host that destroys its end is gone: a pipe would read as ended.
  stream.once("close", () => agent.stop());
  return {
    id: `memory-${spec.sessionId}`,
    stream,
    identity: { uid: 1_000, gid: 1_000, tags: null, env: {}, image: imageName(spec) },
    gone: gone.promise,
    diagnostics: () => "",
    async destroy() {
      end({ reason: "destroyed", exitCode: null });
      stream.destroy();
    },
  };
}

function imageName({ image }: BoxSpec): string {
  if (image.kind === "reference") return image.reference;
  return image.kind === "dockerfile" ? image.path : image.language;
}
