import { SandboxError } from "@llm-sandbox/core";
import type { SessionFiles } from "@llm-sandbox/core";
import type { Entry, Manifest } from "@openai/agents/sandbox";

/** Throws `UNSUPPORTED` for what a manifest asks and a box cannot do. */
export function checkManifest(manifest: Manifest, workspace: string): void {
  if (manifest.root !== workspace) throw unsupported(`The manifest's root is not ${workspace}.`);
  if (manifest.users.length > 0 || manifest.groups.length > 0) {
    throw unsupported("A sandbox has no further users and groups.");
  }
  if (manifest.extraPathGrants.length > 0) throw unsupported("A sandbox sees no folder of this machine.");
  for (const entry of Object.values(manifest.entries)) checkEntry(entry);
}

/** Throws `UNSUPPORTED` for an entry that cannot be written. */
export function checkEntry(entry: Entry): void {
  if (entry.type === "dir") return Object.values(entry.children ?? {}).forEach(checkEntry);
  if (entry.type !== "file") {
    throw unsupported(
      `An entry of the type ${entry.type} is not carried out here.`,
      "Use entries of the types file and dir, or copyToRuntime of the session.",
    );
  }
  if (entry.group !== undefined) throw unsupported("A sandbox has no further users and groups.");
}

/** Writes an entry, and what it holds, at an absolute path. */
export async function writeEntry(files: SessionFiles, path: string, entry: Entry): Promise<void> {
  checkEntry(entry);
  if (entry.type === "dir") {
    await files.makeDirectory(path);
    for (const [name, child] of Object.entries(entry.children ?? {})) {
      await writeEntry(files, `${path}/${name}`, child);
    }
    return;
  }
  if (entry.type === "file") await files.writeFile(path, entry.content as string | Uint8Array);
}

/** An error for what is asked and cannot be done. */
export function unsupported(message: string, remedy?: string): SandboxError {
  return new SandboxError("UNSUPPORTED", message, remedy === undefined ? {} : { remedy });
}
