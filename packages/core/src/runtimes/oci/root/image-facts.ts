/** What a root is made of and what its boxes need to know. */
export interface ImageFacts {
  /** The digest of the image's configuration: another content is another id. */
  readonly id: string;
  readonly reference: string;
  readonly architecture: string;
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
}

/** Fills an empty folder with an image's files. */
export type Unpack = (folder: string, signal: AbortSignal) => Promise<void>;

/** An image that something on this machine has, and how its files are unpacked. */
export interface ObtainedImage {
  readonly facts: ImageFacts;
  readonly unpack: Unpack;
}
