import { posix } from "node:path";
import { Readable, Writable } from "node:stream";
import type { Experimental_SandboxProcess, Experimental_SandboxSession } from "ai";
import { SandboxError } from "@llm-sandbox/core";
import type { BoxProcess, CommandResult, SandboxSession } from "@llm-sandbox/core";
import { exitCodeOf } from "./exit-code.ts";

type Session = Experimental_SandboxSession;
type Spawned = Awaited<ReturnType<Session["spawn"]>>;
type WithInput = Extract<Spawned, { readonly stdin: unknown }>;

/**
 * A session as the AI SDK's own sandbox, for `experimental_sandbox`: provider tools such as Anthropic's `bash` then run in
 * it. The session stays its owner's to close. Output and files are what they are, byte for byte, for programs read them;
 * nothing here carries the mark of the sandbox's own lines. Relative paths start at the session's working folder.
 */
export function toSandboxSession(session: SandboxSession): Session {
  const { workspace } = session.facts;
  const { files } = session;
  const absolute = (path: string): string => posix.resolve(workspace, path);

  /** The path with its links followed, which the session's own file operations never do. */
  async function followed(path: string, signal: AbortSignal | undefined): Promise<string> {
    const plain = absolute(path);
    const isPlain = await files.stat(plain, signalOf(signal)).then(
      ({ type }) => type !== "symlink",
      (error: unknown) => !SandboxError.is(error, "PATH_OUTSIDE"),
    );
    if (isPlain) return plain;
    const { status, stdout } = await session.executeCommand(
      ["readlink", "-f", "--", plain],
      signalOf(signal),
    );
    return status === "ok" ? stdout.replace(/\n$/, "") : plain;
  }

  const readBinaryFile: Session["readBinaryFile"] = ({ path, abortSignal }) =>
    orNull(async () => files.readFile(await followed(path, abortSignal), signalOf(abortSignal)));

  async function write(
    path: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await files.writeFile(await followed(path, signal), content, signalOf(signal));
  }

  async function spawn(options: Parameters<Session["spawn"]>[0]): Promise<Spawned> {
    const { command, workingDirectory, env, abortSignal, stdin = false } = options;
    const process = await session.spawn(command, {
      stdin,
      ...signalOf(abortSignal),
      ...(env ? { env } : {}),
      ...(workingDirectory === undefined ? {} : { cwd: absolute(workingDirectory) }),
    });
    const spawned = spawnedProcess(process, abortSignal);
    if (!stdin) return spawned;
    const input: WithInput["stdin"] = Writable.toWeb(process.stdin);
    return { ...spawned, stdin: input };
  }

  return {
    description: describe(session),
    readBinaryFile,
    async readFile(options) {
      const content = await readBinaryFile(options);
      return content && new Blob([content as Uint8Array<ArrayBuffer>]).stream();
    },
    async readTextFile({ encoding = "utf-8", startLine = 1, endLine, ...options }) {
      const content = await readBinaryFile(options);
      if (content === null) return null;
      const text = new TextDecoder(encoding).decode(content);
      if (startLine === 1 && endLine === undefined) return text;
      return text
        .split(/(?<=\n)/)
        .slice(startLine - 1, endLine)
        .join("");
    },
    writeFile: ({ path, content, abortSignal }) =>
      write(path, content as AsyncIterable<Uint8Array>, abortSignal),
    writeBinaryFile: ({ path, content, abortSignal }) => write(path, content, abortSignal),
    writeTextFile: ({ path, content, encoding = "utf-8", abortSignal }) =>
      write(path, Buffer.from(content, nodeEncoding(encoding)), abortSignal),
    stat: ({ path, abortSignal }) =>
      orNull(async () => {
        const { type, size } = await files.stat(await followed(path, abortSignal), signalOf(abortSignal));
        if (type === "symlink") throw new SandboxError("FILE_NOT_FOUND", "The link leads nowhere.");
        return { type, size };
      }),
    listDirectory: ({ path, abortSignal }) =>
      orNull(async () => {
        const entries = await files.list(await followed(path, abortSignal), signalOf(abortSignal));
        return entries.map(({ path: name, type }) => ({ name, type }));
      }),
    async deleteFile({ path, abortSignal }) {
      const parent = await followed(posix.dirname(absolute(path)), abortSignal);
      const found = posix.join(parent, posix.basename(absolute(path)));
      const entry = await orNull(() => files.stat(found, signalOf(abortSignal)));
      if (entry === null) return false;
      if (entry.type === "directory") throw new SandboxError("NOT_A_FILE", "That is a folder.");
      await files.remove(found, signalOf(abortSignal));
      return true;
    },
    spawn: spawn as Session["spawn"],
    async run({ command, workingDirectory, env, abortSignal }) {
      const result = await session.executeCommand(command, {
        ...signalOf(abortSignal),
        ...(env ? { env } : {}),
        ...(workingDirectory === undefined ? {} : { cwd: absolute(workingDirectory) }),
      });
      if (result.status === "cancelled") throw abortSignal?.reason ?? new Error("Cancelled.");
      return { exitCode: exitCodeOf(result), stdout: result.stdout, stderr: result.stderr + noteOf(result) };
    },
  };
}

function describe(session: SandboxSession): string {
  const { workspace, network, limits, timeoutMs, language } = session.facts;
  return [
    `An isolated sandbox for ${language}. Commands and relative paths start in ${workspace}, where files are kept.`,
    network === "none" ? "There is no network." : "The network can be reached.",
    `It has ${Math.round(limits.memoryBytes / 1_048_576)} MiB of memory; a command is stopped after ${timeoutMs / 1_000} s.`,
  ].join(" ");
}

function spawnedProcess(process: BoxProcess, signal: AbortSignal | undefined): Experimental_SandboxProcess {
  return {
    pid: process.pid,
    stdout: Readable.toWeb(process.stdout) as ReadableStream<Uint8Array>,
    stderr: Readable.toWeb(process.stderr) as ReadableStream<Uint8Array>,
    async wait() {
      const end = await process.exit;
      if (signal?.aborted) throw signal.reason;
      return { exitCode: exitCodeOf(end) };
    },
    async kill() {
      process.kill();
    },
  };
}

/** What an exit code does not tell. Without the mark of the sandbox's own lines: output beside it is as it was printed, and could imitate it. */
function noteOf({ status }: CommandResult): string {
  if (status === "timed-out") return "\nStopped: the time limit of a command.\n";
  return status === "out-of-memory" ? "\nKilled: out of memory.\n" : "";
}

async function orNull<Value>(read: () => Promise<Value>): Promise<Value | null> {
  try {
    return await read();
  } catch (error) {
    if (SandboxError.is(error, "FILE_NOT_FOUND")) return null;
    throw error;
  }
}

function signalOf(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** The encodings that both `TextDecoder` and Node name; others are refused. */
function nodeEncoding(encoding: string): BufferEncoding {
  const names: Readonly<Record<string, BufferEncoding>> = {
    "utf-8": "utf8",
    utf8: "utf8",
    "utf-16le": "utf16le",
    ascii: "ascii",
    latin1: "latin1",
    "iso-8859-1": "latin1",
  };
  const found = names[encoding.toLowerCase()];
  if (found) return found;
  throw new SandboxError("INVALID_OPTION", "Text cannot be written in that encoding.", {
    remedy: `Use one of ${Object.keys(names).join(", ")}, or write bytes.`,
  });
}
