import { MemoryFiles } from "../../agent/memory-files.ts";
import { memoryWire } from "../../agent/memory-wire.ts";
import { ProtocolAgent } from "../../agent/protocol-agent.ts";
import type { Box, BoxExit, BoxSpec } from "../../runtime.ts";
import type { Child } from "./child.ts";
import { ProgramFiles } from "./program-files.ts";
import type { Role } from "./program.ts";
import { runProcess } from "./run-process.ts";

/** What an interpreter takes before it runs anything, and what its engine may take beside the program's memory. */
const ownBytes = 268_435_456;

/** A box: files in memory, an agent that serves the protocol, and a child for each process. */
export function startBox(spec: BoxSpec, takeChild: (role: Role, signal: AbortSignal) => Promise<Child>): Box {
  const { host: stream, agent: inside } = memoryWire();
  const { workspace, limits } = spec;
  const files = new MemoryFiles({
    workspace,
    maxBytes: limits.diskBytes,
    maxEntries: limits.diskEntries,
  });
  const gone = Promise.withResolvers<BoxExit>();
  const agent = new ProtocolAgent({
    stream: inside,
    name: "embedded",
    files,
    spawn: (channel, request, env) =>
      runProcess(channel, request, {
        env,
        residentBytes: limits.memoryBytes + ownBytes,
        takeChild,
        openFiles: () => new ProgramFiles(files, limits.openFiles),
        mostOpenFiles: limits.openFiles,
      }),
    onEnd: () => gone.resolve({ reason: "exited", exitCode: 0 }),
    restore: async () => {},
  });
  // A host that destroys its end is gone: a pipe would read as ended.
  stream.once("close", () => agent.stop());
  return {
    id: `embedded-${spec.sessionId}`,
    stream,
    identity: { uid: 1_000, gid: 1_000, tags: null, env: {}, image: "embedded" },
    gone: gone.promise,
    diagnostics: () => "",
    async destroy() {
      gone.resolve({ reason: "destroyed", exitCode: null });
      agent.stop();
      inside.destroy();
      stream.destroy();
    },
  };
}
