import { spawn, type ChildProcessByStdio } from "node:child_process";
import { Agent } from "node:http";
import type { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";

/**
 * Connects to an engine as the docker command does: `ssh … docker system dial-stdio`, with the user's own ssh, its
 * configuration, keys and agent. It never asks for a password: a connection that would need one fails.
 */
export class SshAgent extends Agent {
  readonly #url: URL;

  constructor(url: string) {
    super({ keepAlive: true });
    this.#url = new URL(url);
  }

  // Node calls this for every new connection; a Duplex is enough for it.
  override createConnection(): Duplex {
    return new SshConnection(this.#url);
  }
}

/** The arguments of `ssh` for an address such as `ssh://user@host:22/run/podman/podman.sock`. */
export function sshArguments(url: URL): string[] {
  const { username, hostname, port, pathname } = url;
  const socket = pathname.length > 1 ? decodeURIComponent(pathname) : null;
  return [
    ...(username === "" ? [] : ["-l", decodeURIComponent(username)]),
    ...(port === "" ? [] : ["-p", port]),
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=30",
    "-T",
    "--",
    hostname.replace(/^\[|\]$/g, ""),
    "docker",
    ...(socket === null ? [] : ["--host", quoted(`unix://${socket}`)]),
    "system",
    "dial-stdio",
  ];
}

// ssh joins the command's words with blanks and gives them to the remote shell.
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** One running `ssh` as a connection. What ssh writes to its standard error explains a failure. */
class SshConnection extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #complaint = "";
  #ended = false;

  constructor(url: URL) {
    super({ autoDestroy: true });
    const child = spawn("ssh", sshArguments(url), { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stdout.on("end", () => {
      this.#ended = true;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.#complaint = (this.#complaint + chunk.toString()).slice(-2000);
    });
    child.stdin.on("error", () => {});
    child.on("error", (error: NodeJS.ErrnoException) => {
      this.destroy(error.code === "ENOENT" ? new Error("there is no `ssh` command on the PATH") : error);
    });
    child.on("close", (code) => {
      if (code === 0 && this.#ended) this.push(null);
      else this.destroy(new Error(this.#complaint.trim() || `ssh ended with exit code ${code}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // A failed write means that ssh has ended; why is known when it has been waited for.
    this.#child.stdin.write(chunk, encoding, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill("SIGTERM");
    done(error);
  }

  // What Node's HTTP asks of a socket besides being a stream.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    this.#hold("ref");
    return this;
  }
  unref(): this {
    this.#hold("unref");
    return this;
  }

  #hold(how: "ref" | "unref"): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const part of [this.#child, stdin, stdout, stderr]) (part as Partial<Socket>)[how]?.();
  }
}
