import type { Message } from "../stream/message.ts";
import { decodeMessage } from "../stream/message.ts";
import type { AgentChannel } from "../agent/agent-channel.ts";
import type { MemoryFiles } from "../agent/memory-files.ts";
import { languageOfKernel } from "../agent/kernel-language.ts";
import { findCode } from "./memory-language.ts";
import { play } from "./memory-script.ts";
import type {
  MemoryCommand,
  MemoryHandler,
  MemoryOutcome,
  MemoryProcess,
  MemoryRun,
} from "./memory-script.ts";

/** What a process of the double lives in. */
export interface MemoryWorld {
  readonly run: MemoryHandler<MemoryRun> | undefined;
  readonly command: MemoryHandler<MemoryCommand> | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly files: MemoryFiles;
  loseBox(): void;
}

interface End {
  readonly reason: "exited" | "timed-out" | "cancelled" | "out-of-memory";
  readonly exitCode: number | null;
  readonly signal: string | null;
}

let lastPid = 1;

/** The `spawn` operation: plays a script in place of a process, from start to RESULT. */
export async function runProcess(channel: AgentChannel, request: Message, world: MemoryWorld): Promise<void> {
  const started = performance.now();
  const life = new AbortController();
  let forced: End | undefined;
  const stop = (end: End): void => {
    forced ??= end;
    life.abort();
  };
  const timer = keepTime(request["timeoutMs"], () =>
    stop({ reason: "timed-out", exitCode: null, signal: "SIGKILL" }),
  );
  const cancel = (): void => stop({ reason: "cancelled", exitCode: null, signal: "SIGKILL" });
  channel.cancelled.addEventListener("abort", cancel, { once: true });
  channel.onSignal = (signal) => stop({ reason: "exited", exitCode: null, signal });
  const process: MemoryProcess = {
    argv: request["argv"] as string[],
    env: { ...world.env, ...(request["env"] as Record<string, string> | undefined) },
    cwd: request["cwd"] as string,
    stdin: request["stdin"] === "stream" ? channel.input(0) : nothing(),
    signal: life.signal,
    files: world.files,
    loseBox: () => world.loseBox(),
  };
  const pid = ++lastPid;
  let announced = false;
  const announce = (): void => {
    if (!announced) channel.event({ event: "started", pid, from: null });
    announced = true;
  };
  // A program that is not there fails at once, without having started.
  const soon = setImmediate(announce);
  try {
    const ended = request["structured"]
      ? await serveJobs(channel, request, process, world)
      : await runCommand(channel, process, world);
    announce();
    const end = forced ?? ended;
    for (const stream of request["structured"] ? [1, 2, 3] : [1, 2]) channel.end(stream);
    const wallMs = performance.now() - started;
    channel.result({ ...end, wallMs, cpuMs: 1, peakMemoryBytes: 1_048_576, bytes: channel.sent });
  } finally {
    clearTimeout(timer);
    clearImmediate(soon);
    channel.cancelled.removeEventListener("abort", cancel);
    life.abort();
  }
}

async function runCommand(channel: AgentChannel, process: MemoryProcess, world: MemoryWorld): Promise<End> {
  const program = findCode(process.argv, process.cwd, world.files);
  if (program?.step === "build") return exited({});
  if (program) {
    const run: MemoryRun = { ...process, ...program.source, argv: [], mode: "script", state: {} };
    return exited(await playOut(channel, world.run, run));
  }
  const { argv } = process;
  const shell = argv[0] === "/bin/sh" && argv[1] === "-c" ? argv[2] : undefined;
  return exited(await playOut(channel, world.command, { ...process, shell }));
}

/** Reads jobs from stream 3 as a kernel does: one in mode `script`, any number in mode `context`. */
async function serveJobs(
  channel: AgentChannel,
  request: Message,
  process: MemoryProcess,
  world: MemoryWorld,
): Promise<End> {
  const language = languageOfKernel(process.argv) ?? String(request["from"] ?? "unknown");
  const state: Record<string, unknown> = {};
  const stopped = new Promise<undefined>((resolve) => {
    process.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const jobs = lines(channel.input(3));
  for (;;) {
    const next = await Promise.race([jobs.next(), stopped]);
    if (!next || next.done) return exited({});
    const job = decodeMessage(next.value);
    const run: MemoryRun = {
      ...process,
      language,
      code: job["code"] as string,
      argv: job["argv"] as string[],
      env: { ...process.env, ...(job["env"] as Record<string, string>) },
      mode: job["mode"] as "script" | "context",
      state,
    };
    if (run.mode === "script") return exited(await playOut(channel, world.run, run));
    await serveInContext(channel, world, run, job["id"] as number);
    if (process.signal.aborted) return exited({});
  }
}

async function serveInContext(
  channel: AgentChannel,
  world: MemoryWorld,
  run: MemoryRun,
  id: number,
): Promise<void> {
  const turn = new AbortController();
  const killed = channel.onSignal;
  channel.onSignal = () => turn.abort();
  const signal = AbortSignal.any([run.signal, turn.signal]);
  const outcome = await playOut(channel, world.run, { ...run, signal });
  channel.onSignal = killed;
  if (run.signal.aborted) return;
  const interrupted = turn.signal.aborted;
  if (interrupted)
    await say(channel, { type: "error", name: "KeyboardInterrupt", message: "", traceback: "" });
  await say(channel, { type: "done", id, exitCode: interrupted ? 130 : exitCodeOf(outcome) });
}

/** Sends what a script says as it says it; what it throws is the code's uncaught error. */
async function playOut<Call extends MemoryProcess>(
  channel: AgentChannel,
  handler: MemoryHandler<Call> | undefined,
  call: Call,
): Promise<MemoryOutcome> {
  const structured = "state" in call;
  let outcome: MemoryOutcome = {};
  try {
    for await (const piece of play(handler, call)) {
      outcome = { ...outcome, ...piece };
      await channel.send(1, bytesOf(piece.stdout));
      await channel.send(2, bytesOf(piece.stderr));
      if (structured) await sayAll(channel, piece);
    }
  } catch (thrown) {
    if (!structured && isErrno(thrown)) throw thrown;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { name, message, stack = "" } = error;
    outcome = { ...outcome, error: { name, message, traceback: stack } };
    await channel.send(2, bytesOf(`${stack}\n`));
    if (structured) await sayAll(channel, { error: { name, message, traceback: stack } });
  }
  return outcome;
}

async function sayAll(channel: AgentChannel, piece: MemoryOutcome): Promise<void> {
  for (const data of piece.outputs ?? []) await say(channel, { type: "display", data });
  if (piece.value !== undefined) {
    const data = typeof piece.value === "string" ? { "text/plain": piece.value } : piece.value;
    await say(channel, { type: "value", data });
  }
  if (piece.error) await say(channel, { type: "error", traceback: "", ...piece.error });
}

function say(channel: AgentChannel, message: object): Promise<void> {
  return channel.send(3, bytesOf(`${JSON.stringify(message)}\n`));
}

function isErrno(thrown: unknown): boolean {
  return /^E[A-Z0-9]+$/.test(String((thrown as NodeJS.ErrnoException | null)?.code));
}

function exited(outcome: MemoryOutcome): End {
  const ended = outcome.status !== undefined || outcome.endedBy !== undefined;
  return {
    reason: outcome.status ?? "exited",
    exitCode: ended ? null : exitCodeOf(outcome),
    signal: outcome.endedBy ?? (outcome.status ? "SIGKILL" : null),
  };
}

function exitCodeOf(outcome: MemoryOutcome): number {
  return outcome.exitCode ?? (outcome.error ? 1 : 0);
}

function bytesOf(text: string | Uint8Array | undefined): Uint8Array {
  return typeof text === "string" ? Buffer.from(text, "utf8") : (text ?? new Uint8Array());
}

function keepTime(timeoutMs: unknown, act: () => void): NodeJS.Timeout | undefined {
  return typeof timeoutMs === "number" ? setTimeout(act, timeoutMs) : undefined;
}

async function* lines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end + 1);
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
