import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "../../engine/engine.ts";
import { engineAt } from "./box-under-test.ts";

/** Whether this machine can start an engine for a test: root, Linux, Docker's daemon. */
export function canStartEngines(): boolean {
  return process.getuid?.() === 0 && spawnSync("dockerd", ["--version"]).status === 0;
}

/** A Docker engine of a test's own, which may be killed and filled up. All it keeps is in memory, at most `dataBytes`. */
export class OwnEngine {
  readonly address: string;
  readonly #folder: string;
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(folder: string, more: readonly string[]) {
    this.#folder = folder;
    this.address = `unix://${folder}/docker.sock`;
    const place = (name: string, path: string): string[] => [`--${name}`, join(folder, path)];
    this.#arguments = [
      ...place("data-root", "data"),
      ...place("exec-root", "exec"),
      ...place("pidfile", "pid"),
      "--host",
      this.address,
      "--bridge",
      "none",
      "--iptables=false",
      "--ip6tables=false",
      ...more,
    ];
  }

  static async start(options: {
    readonly dataBytes: number;
    readonly more?: readonly string[];
  }): Promise<OwnEngine> {
    const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-engine-"));
    const engine = new OwnEngine(folder, options.more ?? []);
    await mkdir(engine.data);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${options.dataBytes}`, "tmpfs", engine.data]);
    try {
      await engine.start();
    } catch (error) {
      await engine.remove();
      throw error;
    }
    return engine;
  }

  /** The folder that holds everything the engine stores. */
  get data(): string {
    return join(this.#folder, "data");
  }

  async start(): Promise<Engine> {
    const log = openSync(join(this.#folder, "log"), "a");
    this.#process = spawn("dockerd", this.#arguments, { stdio: ["ignore", log, log] });
    closeSync(log);
    for (let attempt = 0; attempt < 300 && this.#process.exitCode === null; attempt += 1) {
      const engine = await engineAt(this.address).catch(() => null);
      if (engine) return engine;
      await sleep(100);
    }
    throw new Error(
      `The engine did not start: ${readFileSync(join(this.#folder, "log"), "utf8").slice(-2000)}`,
    );
  }

  /** Ends the engine, and the containerd that goes with it. */
  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const daemon = this.#process;
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
    // The next engine would take a containerd that is about to end, or is a zombie, for one that it can use.
    const file = join(this.#folder, "exec/containerd/containerd.pid");
    const pid = contentOf(file);
    for (
      let attempt = 0;
      attempt < 100 && /^State:\t[^Z]/m.test(contentOf(`/proc/${pid}/status`));
      attempt += 1
    ) {
      await sleep(50);
    }
    rmSync(file, { force: true });
    rmSync(join(this.#folder, "pid"), { force: true });
  }

  async remove(): Promise<void> {
    await this.kill("SIGTERM");
    spawnSync("umount", ["-l", this.data]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
