import { SandboxError } from "../../errors.ts";
import { silentLogger, type Logger } from "../../logger.ts";
import type { Box, BoxSpec, LaunchOptions, Runtime, RuntimeFeatures } from "../../runtime.ts";
import type { FindAgentBinary } from "./agent/agent-binary.ts";
import { agentVolumeName, ensureAgentVolume } from "./agent/agent-volume.ts";
import { drawBoxIds } from "./box/box-identity.ts";
import { checkSpec, launchBox } from "./box/launch-box.ts";
import { isAgentMissing } from "./box/start-error.ts";
import type { DockerOptions } from "./docker-options.ts";
import { describeEngine, type Engine } from "./engine/engine.ts";
import { EngineClient } from "./engine/engine-client.ts";
import { connect, parseEndpoint, addressOf } from "./engine/connect.ts";
import { inspectImage, type ResolvedImage } from "./image/resolved-image.ts";

export const defaultTimeoutMs = 60_000;

/** Boxes as containers of one engine, which is looked for at the first use. */
export class DockerRuntime implements Runtime {
  readonly name = "docker";
  readonly features: RuntimeFeatures = {
    templates: true,
    networks: ["none", "full"],
    images: ["reference", "dockerfile", "language"],
  };
  readonly #options: DockerOptions;
  readonly #findAgentBinary: FindAgentBinary;
  #engine: Promise<Engine> | null = null;
  readonly #agentVolumes: Set<string> = new Set();

  constructor(options: DockerOptions, findAgentBinary: FindAgentBinary) {
    this.#options = options;
    this.#findAgentBinary = findAgentBinary;
  }

  async launch(spec: BoxSpec, options: LaunchOptions = {}): Promise<Box> {
    checkSpec(spec);
    const engine = await this.#connected(options);
    const image = await this.#image(engine, spec, options);
    const attempt = async () =>
      launchBox({
        engine,
        spec,
        image,
        agentVolume: await this.#agentVolume(engine, image, options),
        ids: drawBoxIds(engine.fewIds),
        mode: this.#options.mode ?? "split-uid",
        ociRuntime: this.#options.ociRuntime,
        platform: this.#options.platform,
        signal: options.signal,
      });
    try {
      return await attempt();
    } catch (error) {
      if (!isAgentMissing(error)) throw error;
      this.#agentVolumes.clear();
      return attempt();
    }
  }

  async #connected(options: LaunchOptions): Promise<Engine> {
    options.signal?.throwIfAborted();
    const endpoint = parseEndpoint(this.#options.host ?? "unix:///var/run/docker.sock", null);
    this.#engine ??= describeEngine(
      new EngineClient(connect(endpoint), addressOf(endpoint), this.#options.timeoutMs ?? defaultTimeoutMs),
    );
    return this.#engine;
  }

  async #image(engine: Engine, spec: BoxSpec, options: LaunchOptions): Promise<ResolvedImage> {
    if (spec.image.kind !== "reference") throw new SandboxError("UNSUPPORTED", "not yet");
    const image = await inspectImage(engine.client, spec.image.reference, options.signal);
    if (!image) throw new SandboxError("IMAGE_NOT_FOUND", "no");
    return image;
  }

  async #agentVolume(engine: Engine, image: ResolvedImage, options: LaunchOptions): Promise<string> {
    const binary = await this.#findAgentBinary(image.architecture);
    const name = agentVolumeName(binary, image.architecture);
    if (this.#agentVolumes.has(name)) return name;
    await ensureAgentVolume(engine.client, binary, image.architecture, image.id, options.signal);
    this.#agentVolumes.add(name);
    return name;
  }

  protected logger(options: LaunchOptions): Logger {
    return options.logger ?? silentLogger;
  }
}
