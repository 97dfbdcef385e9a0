import type { Duplex, Readable } from "node:stream";
import type { Logger } from "./logger.ts";

/** Launches boxes. A driver is a factory function that returns one of these. */
export interface Runtime {
  /** Short and lower case, for logs and errors: `docker`. */
  readonly name: string;
  readonly features: RuntimeFeatures;
  /**
   * Starts one box and returns once its stream is usable; the agent's HELLO comes over the stream.
   * Rejects with the signal's reason when aborted, else with a SandboxError; whatever it had created is gone then.
   */
  launch(spec: BoxSpec, options?: LaunchOptions): Promise<Box>;
  /**
   * Looks whether boxes can be started here, without starting one; resolves with what was found, for a person. Rejects
   * with a SandboxError, of which `isAbsent` tells whether something that boxes need is simply not there; anything else
   * is there and does not work.
   */
  probe?(options?: ProbeOptions): Promise<string>;
  /** Makes the box's image ready (pull, build) without starting a box; `launch` does the same by itself. */
  prepare?(spec: BoxSpec, options?: LaunchOptions): Promise<void>;
  /**
   * What sessions that have ended left behind, and what can be made again: images, caches. Never what a session of any
   * program uses, nor templates. Removes nothing by itself.
   */
  removable?(options?: LaunchOptions): Promise<readonly Removable[]>;
  /** Present when `features.templates`: keeps a workspace as an image that `BoxSpec.image` can name. */
  saveTemplate?(request: SaveTemplateRequest, options?: LaunchOptions): Promise<Template>;
}

/** Something that nobody needs any more, or that can be made again. */
export interface Removable {
  /** For a person: `image llm-sandbox/python:0123`. */
  readonly what: string;
  /** For a person: the engine by its address, or the folder that it is in. */
  readonly where: string;
  /** Of this machine's disk, at most; null when unknown. */
  readonly bytes: number | null;
  /** When it was made or used last, as far as known, in milliseconds since 1970. */
  readonly since: number | null;
  /** Removes it; false where it is gone, or used by somebody meanwhile. */
  remove(): Promise<boolean>;
}

/** What a runtime claims. Each claim is tested true and false; an option it cannot honour throws `UNSUPPORTED`. */
export interface RuntimeFeatures {
  /** `snapshot()` and `keepTemplate`. */
  readonly templates: boolean;
  /** Networks that `BoxSpec.network` may ask for. */
  readonly networks: readonly Network[];
  /** Which image sources are understood. */
  readonly images: readonly ImageSource["kind"][];
  /** The languages there are; left out, whatever an image has. */
  readonly languages?: readonly string[];
  /** Further languages that a command would add, with the command. */
  readonly installable?: Readonly<Record<string, string>>;
  /** False: a language has only its standard library here, whatever its default image holds. */
  readonly libraries?: false;
}

/** `none`: only a loopback interface. `full`: whatever the engine's default network reaches. */
export type Network = "none" | "full";

export type ImageSource =
  /** An image by name, fetched when absent. */
  | { readonly kind: "reference"; readonly reference: string }
  /** Built from a Dockerfile on the host, cached by content. */
  | { readonly kind: "dockerfile"; readonly path: string }
  /** The default image of a language, built from a folder of ours with a Dockerfile in it, cached by content. */
  | { readonly kind: "language"; readonly language: string; readonly folder: string };

export interface BoxSpec {
  /** Unique per session; lower-case letters, digits and dashes. */
  readonly sessionId: string;
  readonly image: ImageSource;
  readonly limits: Limits;
  readonly network: Network;
  /** Absolute path of the working folder in the box, a memory-backed file system of `limits.diskBytes`. */
  readonly workspace: string;
}

/** Every figure is a hard limit on the whole box, unless it says otherwise. */
export interface Limits {
  /** Memory of all processes and memory-backed files together, in bytes. Swap is off. */
  readonly memoryBytes: number;
  /** Processor time in cores: 1.5 is one core and a half. */
  readonly cpus: number;
  /** Processes and threads of the user's code. */
  readonly processes: number;
  /** Bytes of the workspace; a quarter of it more for `/tmp`. */
  readonly diskBytes: number;
  /** Files and folders in the workspace. */
  readonly diskEntries: number;
  /** Open files of one process. */
  readonly openFiles: number;
  /** The box ends after so long, whatever happens, in milliseconds. */
  readonly lifetimeMs: number;
}

export interface LaunchOptions {
  readonly signal?: AbortSignal;
  readonly logger?: Logger;
  /** Called for work that a person waits for: pulls, builds. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface ProbeOptions extends LaunchOptions {
  /** What the box is to be made of: a runtime that neither has it nor could get it is absent. */
  readonly image?: ImageSource;
}

export interface Progress {
  /** `pull` and `build` of an image, `prepare` for anything else. */
  readonly phase: "pull" | "build" | "prepare";
  /** One line for a person. */
  readonly message: string;
}

/** One isolated machine with the agent as its first process. */
export interface Box {
  /** The runtime's own name for it, for logs. */
  readonly id: string;
  /**
   * The agent's standard input and output; raw bytes of the protocol. Backpressure is honoured. What was written may be
   * overwritten once its write has called back, and what a "data" event brought, when it is over.
   */
  readonly stream: Duplex;
  /** Who is who in the box; the session hands it to the agent. */
  readonly identity: BoxIdentity;
  /** Settles once the box is gone, with why; never rejects. */
  readonly gone: Promise<BoxExit>;
  /** What the agent wrote to its standard error, at most the last 4,096 bytes: for error messages. */
  diagnostics(): string;
  /** Kills the box and removes all it owned. Idempotent; resolves when it is gone. */
  destroy(): Promise<void>;
}

export interface BoxIdentity {
  /** The user's code runs as this uid and gid. */
  readonly uid: number;
  readonly gid: number;
  /** A range of group ids that nothing else uses: `tags` of the protocol. Null in same-uid mode. */
  readonly tags: { readonly first: number; readonly count: number } | null;
  /** The image's own environment (`PATH` and the like), to be offered to the user's code. */
  readonly env: Readonly<Record<string, string>>;
  /** The image's reference or digest, for `snapshot()`. */
  readonly image: string;
}

export interface BoxExit {
  /** `exited`: the agent ended by itself. `killed`: somebody killed it. `removed`: it disappeared. `destroyed`: by `destroy()`. */
  readonly reason: "exited" | "killed" | "removed" | "destroyed" | "lost";
  readonly exitCode: number | null;
  readonly message?: string;
}

export interface SaveTemplateRequest {
  /** `BoxIdentity.image` of the box whose files these are. */
  readonly base: string;
  /** A tar of the workspace. It comes from inside a box: stored, never unpacked on the host. */
  readonly workspace: Readable;
  /** Where the agent looks for it: absolute path in the image. */
  readonly path: string;
  /** The name the user gave, or undefined for a fresh one. An existing image of that name is replaced only if the user gave it. */
  readonly name: string | undefined;
}

export interface Template {
  /** To be passed as `image` of the next session. */
  readonly reference: string;
}
