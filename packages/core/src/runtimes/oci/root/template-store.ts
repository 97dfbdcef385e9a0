import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import type { SaveTemplateRequest, Template } from "../../../runtime.ts";
import { checkReference } from "../../engine/image/resolved-image.ts";
import { spoolWorkspace } from "../../shared/spool-workspace.ts";
import { templateFolder } from "../box/config.ts";
import { folderError, ownFolder } from "../host/folders.ts";

/** A template that is kept: a layer of one file over the root of an image. */
export interface StoredTemplate {
  readonly name: string;
  /** `BoxIdentity.image` of the box whose workspace it is. */
  readonly base: string;
  /** The layer: what a box sees in the place of its root's own folder of that name. */
  readonly folder: string;
}

/** A layer that no name leads to any more may still be wanted by a box that is just opening. */
const keptMs = 60 * 60_000;

/** Templates by name. A name leads to the old layer or to the new one, whole; the user's tar is never unpacked here. */
export class TemplateStore {
  readonly #folder: string;

  constructor(cacheFolder: string) {
    this.#folder = join(cacheFolder, "templates");
  }

  async find(name: string): Promise<StoredTemplate | null> {
    try {
      const entry = JSON.parse(await readFile(this.#path(name), "utf8")) as Record<string, unknown>;
      const { base, layer } = entry;
      if (entry["name"] !== name || typeof base !== "string" || !isLayer(layer)) return null;
      return { name, base, folder: join(this.#folder, layer) };
    } catch {
      return null;
    }
  }

  /** The images that templates are made of. */
  async bases(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const entries = names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => {
        const text = await readFile(join(this.#folder, name), "utf8").catch(() => "{}");
        return String((JSON.parse(text) as { base?: unknown }).base);
      });
    return Promise.all(entries);
  }

  /** Keeps a workspace. On failure or abort nothing is left. */
  async save(request: SaveTemplateRequest, signal: AbortSignal | undefined): Promise<Template> {
    const { workspace, base, path } = request;
    const name = request.name ?? `llm-sandbox/template:${randomBytes(8).toString("hex")}`;
    const layer = `layer-${randomBytes(8).toString("hex")}`;
    try {
      checkReference(name);
      if (name.includes("@") || dirname(path) !== templateFolder) throw misnamed(name, path);
      const folder = join(await ownFolder(this.#folder, 0o755), layer);
      await mkdir(folder, { mode: 0o755 });
      const file = join(folder, basename(path));
      await spoolWorkspace(workspace, file, signal);
      await chmod(file, 0o444);
      const entry = join(folder, "entry.json");
      await writeFile(entry, JSON.stringify({ name, base, layer }), { mode: 0o600 });
      signal?.throwIfAborted();
      await rename(entry, this.#path(name));
      await this.#removeUnnamed();
      return { reference: name };
    } catch (error) {
      await rm(join(this.#folder, layer), { recursive: true, force: true });
      throw folderError(this.#folder, error);
    } finally {
      workspace.destroy();
    }
  }

  async #removeUnnamed(): Promise<void> {
    const names = await readdir(this.#folder);
    const entries = names.filter((name) => name.endsWith(".json"));
    const texts = await Promise.all(
      entries.map((name) => readFile(join(this.#folder, name), "utf8").catch(() => "")),
    );
    for (const layer of names.filter(isLayer)) {
      const path = join(this.#folder, layer);
      const facts = await stat(path).catch(() => null);
      const old = facts !== null && Date.now() - facts.mtimeMs > keptMs;
      if (old && !texts.some((text) => text.includes(layer)))
        await rm(path, { recursive: true, force: true });
    }
  }

  #path(name: string): string {
    return join(this.#folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.json`);
  }
}

function isLayer(name: unknown): name is string {
  return typeof name === "string" && /^layer-[0-9a-f]{16}$/.test(name);
}

function misnamed(name: string, path: string): SandboxError {
  return name.includes("@")
    ? new SandboxError("INVALID_OPTION", `"${name}" has a digest, which cannot be given to a new template.`, {
        remedy: "Pass a name, or name:tag.",
      })
    : new SandboxError("UNSUPPORTED", `No workspace can be kept at ${path}.`, {
        remedy: `It has to be in ${templateFolder}.`,
      });
}
