import { silentLogger } from "../../logger.ts";
import { amended, SandboxError } from "../../errors.ts";
import type {
  Box,
  BoxSpec,
  LaunchOptions,
  ProbeOptions,
  Removable,
  Runtime,
  RuntimeFeatures,
  SaveTemplateRequest,
  Template,
} from "../../runtime.ts";
import { findAgentBinary } from "../shared/agent-binary.ts";
import { checkSpec } from "../shared/check-spec.ts";
import { isGvisor } from "../shared/gvisor.ts";
import { boxesFolder } from "./box/box-place.ts";
import { launchBox } from "./box/launch-box.ts";
import { agentFolderOnHost } from "./host/agent-folder.ts";
import { findCgroups, type Cgroups } from "./host/cgroups.ts";
import { defaultCacheFolder, ownFolder } from "./host/folders.ts";
import { machineIds, type MachineIds } from "./host/machine-ids.ts";
import { OciRuntimes } from "./host/oci-runtimes.ts";
import type { OciOptions } from "./oci-options.ts";
import { reapAbandoned } from "./reaper.ts";
import { removableBoxes, removableFiles } from "./removable.ts";
import type { BoxRoot } from "./root/box-root.ts";
import { givenRoot, givenRootOf } from "./root/given-root.ts";
import { ImageRoots } from "./root/image-roots.ts";
import { makeMountPoints } from "./root/mount-points.ts";
import { TemplateStore } from "./root/template-store.ts";

/** What this program has found out about the machine; a failure is not kept, as it may be mended meanwhile. */
interface Machine {
  readonly cgroups: Cgroups;
  readonly ids: MachineIds;
  /** The folder on this machine that has the agent, for an OCI runtime. */
  agentFor(ociRuntime: string): Promise<string>;
}

const defaultTimeoutMs = 30_000;
let reaped = false;

/** Boxes started by an OCI runtime of this machine. */
export class OciRuntime implements Runtime {
  readonly name = "oci";
  readonly features: RuntimeFeatures = {
    templates: true,
    networks: ["none"],
    images: ["reference", "dockerfile", "language"],
  };
  readonly #options: OciOptions;
  readonly #ociRuntimes: OciRuntimes;
  readonly #cacheFolder: string;
  readonly #images: ImageRoots;
  readonly #templates: TemplateStore;
  #machine: Promise<Machine> | null = null;
  readonly #ready: Set<string> = new Set();
  readonly #givenRoots: Map<string, BoxRoot> = new Map();

  constructor(options: OciOptions) {
    this.#options = options;
    this.#ociRuntimes = new OciRuntimes(options.ociRuntime);
    this.#cacheFolder = options.cacheFolder ?? defaultCacheFolder();
    this.#templates = new TemplateStore(this.#cacheFolder);
    const { pull = "missing", imagesFrom } = options;
    this.#images = new ImageRoots({ cacheFolder: this.#cacheFolder, pull, imagesFrom });
  }

  async launch(spec: BoxSpec, options: LaunchOptions = {}): Promise<Box> {
    const machine = await this.#look(spec, options);
    const root = await this.#root(spec, options);
    try {
      return await this.#start(spec, machine, root, options).catch(async (error: unknown) => {
        if (!SandboxError.is(error, "BOX_START_FAILED")) throw error;
        // Perhaps somebody has removed or damaged what this program has seen whole.
        this.#forget(root);
        const again = await this.#root(spec, options);
        return this.#start(spec, await this.#look(spec, options), again, options);
      });
    } finally {
      this.#reapOnce(machine.cgroups, options);
    }
  }

  #start(spec: BoxSpec, machine: Machine, root: BoxRoot, options: LaunchOptions): Promise<Box> {
    const { cgroups, ids, agentFor } = machine;
    const { mode = "split-uid", timeoutMs = defaultTimeoutMs } = this.#options;
    const { signal, logger = silentLogger } = options;
    return this.#ociRuntimes.use(logger, async (ociRuntime) => {
      if (mode === "same-uid" && isGvisor(ociRuntime)) throw sameUidInGvisor();
      if (ids.rootless) checkRootless(spec, mode, ociRuntime, ids);
      const agent = await agentFor(ociRuntime);
      return launchBox({
        spec,
        root,
        mode,
        ociRuntime,
        agent,
        cgroups,
        machineIds: ids,
        timeoutMs,
        signal,
      });
    });
  }

  async probe({ image, ...options }: ProbeOptions = {}): Promise<string> {
    await this.#inspected();
    const found = this.#ociRuntimes.describe();
    if (image === undefined || this.#options.rootfs !== undefined) return found;
    const stored = image.kind === "reference" && (await this.#templates.find(image.reference));
    return stored ? found : `${found}; ${await this.#images.source(image, options)}`;
  }

  async removable({ logger = silentLogger }: LaunchOptions = {}): Promise<readonly Removable[]> {
    const { cgroups } = await this.#inspected();
    const boxes = await boxesFolder();
    return [
      ...(await removableBoxes(boxes, cgroups, logger)),
      ...(await removableFiles(this.#cacheFolder, boxes, await this.#templates.bases())),
    ];
  }

  async prepare(spec: BoxSpec, options: LaunchOptions = {}): Promise<void> {
    await this.#look(spec, options);
    await this.#root(spec, options);
  }

  async saveTemplate(request: SaveTemplateRequest, { signal }: LaunchOptions = {}): Promise<Template> {
    await ownFolder(this.#cacheFolder, 0o755);
    return this.#templates.save(request, signal);
  }

  async #look(spec: BoxSpec, { signal }: LaunchOptions): Promise<Machine> {
    checkSpec(spec);
    signal?.throwIfAborted();
    if (spec.network !== "none") {
      throw new SandboxError("UNSUPPORTED", "The runtime oci gives boxes no network.", {
        remedy: "Use docker(), or network: 'none'.",
      });
    }
    return this.#inspected();
  }

  #inspected(): Promise<Machine> {
    this.#machine ??= this.#inspect().catch((error: unknown) => {
      this.#machine = null;
      // The machine or this user lacks what boxes need; nothing that is there fails.
      throw SandboxError.is(error, "UNSUPPORTED") ? amended(error, { details: { absent: true } }) : error;
    });
    return this.#machine;
  }

  async #inspect(): Promise<Machine> {
    if (process.platform !== "linux") {
      throw new SandboxError("UNSUPPORTED", `The runtime oci needs Linux; this is ${process.platform}.`, {
        remedy: "Use docker().",
      });
    }
    this.#ociRuntimes.check();
    const ids = machineIds();
    const cgroups = findCgroups();
    const binary = await findAgentBinary(process.arch === "x64" ? "amd64" : process.arch);
    const folders = new Map<boolean, Promise<string>>();
    return {
      cgroups,
      ids,
      agentFor: (ociRuntime) => {
        const gvisor = isGvisor(ociRuntime);
        const folder = folders.get(gvisor) ?? agentFolderOnHost(this.#cacheFolder, binary, gvisor);
        folders.set(gvisor, folder);
        folder.catch(() => folders.delete(gvisor));
        return folder;
      },
    };
  }

  async #root(spec: BoxSpec, options: LaunchOptions): Promise<BoxRoot> {
    const root = await this.#rootOf(spec, options);
    const folders = [spec.workspace, ...root.volumes];
    const key = [root.folder, ...folders].join("\n");
    if (!this.#ready.has(key)) await makeMountPoints(root.folder, folders);
    this.#ready.add(key);
    return root;
  }

  async #rootOf({ image }: BoxSpec, options: LaunchOptions): Promise<BoxRoot> {
    const template = image.kind === "reference" ? await this.#templates.find(image.reference) : null;
    if (template) {
      return { ...(await this.#base(template.base, options)), template: template.folder };
    }
    const { rootfs } = this.#options;
    if (rootfs === undefined) return this.#images.root(image, options);
    if (image.kind === "language") return this.#given(rootfs);
    throw new SandboxError("UNSUPPORTED", "oci({ rootfs }) gives all boxes that root.", {
      remedy: "Leave out the session's image and dockerfile, or rootfs.",
    });
  }

  /** Looked at once; an OCI runtime tells of one that has gone since. */
  async #given(rootfs: string): Promise<BoxRoot> {
    const root = this.#givenRoots.get(rootfs) ?? (await givenRoot(rootfs));
    this.#givenRoots.set(rootfs, root);
    return root;
  }

  /** The root of the box that a template was made from. */
  #base(id: string, options: LaunchOptions): Promise<BoxRoot> {
    const given = givenRootOf(id);
    if (given !== null) return this.#given(given);
    return this.#images.root({ kind: "reference", reference: id }, options);
  }

  /** Has everything looked at again that was seen whole once. */
  #forget(root: BoxRoot): void {
    this.#machine = null;
    this.#ready.clear();
    this.#givenRoots.clear();
    this.#images.store.doubt(root.id);
  }

  /** In the background: a person who waits for a box does not wait for other people's rubbish. */
  #reapOnce(cgroups: Cgroups, { logger = silentLogger }: LaunchOptions): void {
    if (reaped) return;
    reaped = true;
    boxesFolder()
      .then((boxes) => reapAbandoned(boxes, cgroups, logger))
      .catch((error: Error) => {
        logger.debug(`What others abandoned could not be looked for: ${error.message}`);
      });
  }
}

/** Throws UNSUPPORTED for a box that would be weaker than one of root's. */
function checkRootless(
  { limits }: BoxSpec,
  mode: "split-uid" | "same-uid",
  ociRuntime: string,
  { mostProcesses }: MachineIds,
): void {
  const refuse = (message: string, remedy: string) => new SandboxError("UNSUPPORTED", message, { remedy });
  if (mode === "same-uid") {
    throw refuse(
      "Without root OCI runtimes leave this user's groups to a box, which only its root can give up.",
      "Leave out oci({ mode }): in split-uid the agent gives them up.",
    );
  }
  if (isGvisor(ociRuntime)) {
    throw refuse(
      "Without root gVisor limits nothing and has one user for all.",
      "Use crun or runc, or run as root.",
    );
  }
  if (limits.processes > mostProcesses) {
    throw refuse(
      `Without root a box has ids for ${mostProcesses} processes, not for ${limits.processes}.`,
      `Pass limits.processes of at most ${mostProcesses}.`,
    );
  }
}

function sameUidInGvisor(): SandboxError {
  return new SandboxError(
    "UNSUPPORTED",
    "In gVisor a program can read and kill an agent that is its own user's.",
    {
      remedy: "Leave out oci({ mode }): in split-uid the agent is somebody else.",
    },
  );
}
