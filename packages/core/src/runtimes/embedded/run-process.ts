import type { AgentChannel } from "../../agent/agent-channel.ts";
import type { Message } from "../../stream/message.ts";
import type { Child, ChildExit } from "./child.ts";
import type { ChildCall } from "./child-frames.ts";
import { answerFileCall } from "./file-calls.ts";
import type { Answer } from "./file-calls.ts";
import { InputBuffer } from "./input-buffer.ts";
import { MemoryWatch } from "./memory-watch.ts";
import type { ProgramFiles } from "./program-files.ts";
import { programOf } from "./program.ts";
import type { Role } from "./program.ts";

/** What a process of a session lives in. */
export interface ProcessWorld {
  readonly env: Readonly<Record<string, string>>;
  /** Resident memory over which a process is ended, in bytes. */
  readonly residentBytes: number;
  takeChild(role: Role): Promise<Child>;
  openFiles(): ProgramFiles;
}

type Reason = "exited" | "timed-out" | "cancelled" | "out-of-memory";

let lastPid = 1;

/** The `spawn` operation: a child becomes the process; its end is the result. */
export async function runProcess(
  channel: AgentChannel,
  request: Message,
  world: ProcessWorld,
): Promise<void> {
  const argv = request["argv"] as readonly string[];
  const program = programOf(argv);
  const started = performance.now();
  const structured = request["structured"] === true;
  const streams = structured ? [1, 2, 3] : [1, 2];
  let reason: Reason = "exited";
  let child: Child | undefined;
  const stop = (why: Reason): void => {
    if (reason === "exited") reason = why;
    child?.kill();
  };
  const timeoutMs = request["timeoutMs"];
  const timer = typeof timeoutMs === "number" ? setTimeout(() => stop("timed-out"), timeoutMs) : undefined;
  const cancel = (): void => stop("cancelled");
  channel.cancelled.addEventListener("abort", cancel, { once: true });
  const files = world.openFiles();
  let watch: MemoryWatch | undefined;
  try {
    child = await world.takeChild(program.role);
    if (reason !== "exited") child.kill();
    channel.onSignal = (signal) => child!.signal(signal);
    watch = new MemoryWatch(child.pid, world.residentBytes, () => stop("out-of-memory"));
    channel.event({ event: "started", pid: ++lastPid, from: request["from"] ?? null });
    const inputs = {
      0: new InputBuffer(request["stdin"] === "stream" ? channel.input(0) : undefined),
      3: new InputBuffer(structured ? channel.input(3) : undefined),
    };
    child.become(
      {
        argv,
        kernel: program.kernel,
        env: { ...world.env, ...(request["env"] as Record<string, string> | undefined) },
        cwd: request["cwd"],
      },
      {
        onData: (stream, data) => channel.send(stream, data),
        answer: async (call) => {
          if (call.request["op"] === "input") {
            const stream = call.request["stream"] === 3 ? 3 : 0;
            return { value: {}, data: await inputs[stream].take(mostOf(call)) };
          }
          if (call.request["op"] === "out-of-memory") {
            stop("out-of-memory");
            return { value: {} };
          }
          return answerFileCall(files, call) ?? unknownCall(call);
        },
      },
    );
    const exit = await child.exited;
    const use = watch.stop();
    if (reason === "exited" && endedForMemory(exit, child.diagnostics)) reason = "out-of-memory";
    for (const stream of streams) channel.end(stream);
    channel.result({
      ...endOf(exit, reason),
      reason,
      wallMs: performance.now() - started,
      cpuMs: use.cpuMs,
      peakMemoryBytes: use.peakBytes,
      bytes: channel.sent,
    });
  } finally {
    clearTimeout(timer);
    watch?.stop();
    channel.cancelled.removeEventListener("abort", cancel);
    files.closeAll();
    child?.kill();
  }
}

function endOf(exit: ChildExit, reason: Reason): { exitCode: number | null; signal: string | null } {
  if (reason !== "exited") return { exitCode: null, signal: "SIGKILL" };
  return { exitCode: exit.exitCode, signal: exit.signal };
}

/** V8 ends the whole process when its heap is full. */
function endedForMemory({ exitCode, signal }: ChildExit, said: string): boolean {
  const aborted = signal !== null || exitCode === 133 || exitCode === 134;
  return aborted && /out of memory|OOM|heap limit/i.test(said);
}

function mostOf(call: ChildCall): number {
  const most = call.request["most"];
  return typeof most === "number" && most > 0 ? Math.min(most, 1_048_576) : 65_536;
}

function unknownCall(call: ChildCall): Answer {
  throw Object.assign(new Error(`no call ${String(call.request["op"]).slice(0, 40)}`), { code: "ENOSYS" });
}
