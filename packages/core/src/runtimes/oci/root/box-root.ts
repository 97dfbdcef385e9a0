/** The files that boxes start with: one folder, read-only, for all boxes of an image. */
export interface BoxRoot {
  /** For `BoxIdentity.image`. */
  readonly id: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  /** A template's folder, to be mounted over the root's; null without a template. */
  readonly template: string | null;
}
