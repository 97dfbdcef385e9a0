import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";

const label = "llm-sandbox-benchmark";

/** The peer: plain containers of the same image through dockerode, with no limits, no hardening and no network. */
export class RawDocker {
  readonly client: Docker;
  readonly image: string;

  constructor(client: Docker, image: string) {
    this.client = client;
    this.image = image;
  }

  /** A running container that waits. */
  async start(argv: readonly string[] = ["sleep", "infinity"]): Promise<Docker.Container> {
    const container = await this.#create(argv);
    await container.start();
    return container;
  }

  /** `docker run --rm --network none`: create, attach, start, output, exit, removal. Milliseconds to the first byte and to the end. */
  async run(argv: readonly string[]): Promise<{ readonly firstByteMs: number; readonly endMs: number }> {
    const started = performance.now();
    const container = await this.#create(argv, { AutoRemove: true });
    const stream = (await container.attach({ stream: true, stdout: true, stderr: true })) as Duplex;
    const removed = container.wait({ condition: "removed" });
    let firstByteMs = 0;
    stream.once("data", () => {
      firstByteMs = performance.now() - started;
    });
    stream.resume();
    await container.start();
    await removed;
    return { firstByteMs, endMs: performance.now() - started };
  }

  /** `docker exec`: milliseconds until the command's output has ended and its exit code is known. */
  async exec(container: Docker.Container, argv: readonly string[]): Promise<number> {
    const started = performance.now();
    const exec = await container.exec({ Cmd: [...argv], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: false });
    stream.resume();
    await new Promise((resolve) => stream.once("close", resolve).once("end", resolve));
    while ((await exec.inspect()).Running) await sleep(1);
    return performance.now() - started;
  }

  /** All of a container's output through an attached socket, thrown away as it comes. */
  async drain(argv: readonly string[]): Promise<number> {
    const container = await this.#create(argv);
    const stream = (await container.attach({ stream: true, stdout: true })) as Duplex;
    const started = performance.now();
    const ended = new Promise((resolve) => stream.once("end", resolve).once("close", resolve));
    stream.on("data", () => {});
    await container.start();
    await ended;
    const tookMs = performance.now() - started;
    await container.remove({ force: true });
    return tookMs;
  }

  /** `docker rm -f`. */
  async remove(container: Docker.Container): Promise<void> {
    await container.remove({ force: true, v: true });
  }

  /** Memory that the engine counts for a container, its page cache left out, in MiB. */
  async memoryMiB(id: string): Promise<number> {
    const stats = await this.client.getContainer(id).stats({ stream: false });
    const { usage, stats: parts } = stats.memory_stats;
    const cache = (parts as Record<string, number> | undefined)?.["total_inactive_file"] ?? 0;
    return (usage - cache) / 1_048_576;
  }

  /** Removes what an earlier, broken run has left. */
  async clean(): Promise<void> {
    const left = await this.client.listContainers({ all: true, filters: { label: [label] } });
    for (const { Id } of left) await this.client.getContainer(Id).remove({ force: true });
  }

  async #create(argv: readonly string[], hostConfig: Docker.HostConfig = {}): Promise<Docker.Container> {
    return this.client.createContainer({
      Image: this.image,
      Entrypoint: [argv[0]!],
      Cmd: argv.slice(1),
      Labels: { [label]: "1" },
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: { NetworkMode: "none", LogConfig: { Type: "none", Config: {} }, ...hostConfig },
    });
  }
}
