import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawDocker } from "./raw-docker.ts";

/** The peer of a box without a daemon: a plain container of the same root by the same OCI runtime, with nothing hardened. */
export class RawOci {
  /** The unpacked root of the image, for ours and the peer. */
  readonly root: string;
  readonly #folder: string;
  readonly #program: string;

  private constructor(folder: string, program: string) {
    this.#folder = folder;
    this.root = join(folder, "root");
    this.#program = program;
  }

  /** Unpacks the image of the other peer into a folder that `remove` deletes. */
  static async unpack({ client, image }: RawDocker, program: string): Promise<RawOci> {
    const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-bench-root-"));
    await chmod(folder, 0o755);
    const raw = new RawOci(folder, program);
    await mkdir(raw.root, { mode: 0o755 });
    const container = await client.createContainer({ Image: image, Cmd: ["none"] });
    const tar = spawn("tar", ["-x", "-p", "--no-same-owner", "-C", raw.root], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const ended = new Promise((resolve) => tar.once("close", resolve));
    (await container.export()).pipe(tar.stdin);
    await ended;
    await container.remove();
    return raw;
  }

  /** All of a command's output through the OCI runtime's own pipe, thrown away as it comes. Milliseconds. */
  async drain(argv: readonly string[]): Promise<number> {
    const bundle = join(this.#folder, `bundle-${randomBytes(4).toString("hex")}`);
    await mkdir(bundle);
    await writeFile(join(bundle, "config.json"), JSON.stringify(this.#config(argv)));
    const state = join(this.#folder, "state");
    const name = `llm-sandbox-bench-${randomBytes(4).toString("hex")}`;
    const started = performance.now();
    const child = spawn(this.#program, ["--root", state, "run", "--bundle", bundle, name], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.on("data", () => {});
    await new Promise((resolve) => child.once("close", resolve));
    return performance.now() - started;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #config(argv: readonly string[]): object {
    return {
      ociVersion: "1.0.2",
      root: { path: this.root, readonly: true },
      process: { user: { uid: 0, gid: 0 }, args: argv, env: ["PATH=/usr/bin:/bin"], cwd: "/" },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs" },
      ],
      linux: { namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })) },
    };
  }
}
