import type { SessionFiles } from "@llm-sandbox/core";
import { applyDiff } from "@openai/agents";
import type { ApplyPatchOperation } from "@openai/agents";

/** Largest file that is patched, in bytes. */
const mostBytes = 10 * 1_048_576;

/** Why an operation was not carried out, in words for the model. */
export class Refusal extends Error {}

/** Creates, patches, moves or deletes a file, and says so in a sentence; rejects with a Refusal or a SandboxError, and then nothing has changed. */
export async function applyOperation(
  operation: ApplyPatchOperation,
  files: SessionFiles,
  signal: AbortSignal | undefined,
): Promise<string> {
  const option = signal ? { signal } : {};
  const path = given("path", operation?.path);
  if (operation.type === "create_file") {
    const content = patched("", given("diff", operation.diff, true), "create");
    if (await files.exists(path, option)) {
      throw new Refusal("There is something at that path already. Update it, or delete it first.");
    }
    await files.writeFile(path, content, option);
    return `Created ${path}.`;
  }
  if (operation.type === "delete_file") {
    if ((await files.stat(path, option)).type === "directory") throw new Refusal("That path is a folder.");
    await files.remove(path, option);
    return `Deleted ${path}.`;
  }
  if (operation.type !== "update_file") throw new Refusal("There is no such operation.");
  const bytes = await files.readFile(path, { ...option, maxBytes: mostBytes });
  const content = patched(textOf(bytes), given("diff", operation.diff, true), "default");
  const target = operation.moveTo === undefined ? path : given("moveTo", operation.moveTo);
  if (target !== path && (await files.exists(target, option))) {
    throw new Refusal("There is something already where the file is to be moved.");
  }
  await files.writeFile(target, content, option);
  if (target !== path) await files.remove(path, option);
  return target === path ? `Updated ${path}.` : `Updated ${path}, which is ${target} now.`;
}

function given(name: string, value: unknown, mayBeEmpty = false): string {
  if (typeof value === "string" && (mayBeEmpty || value.trim() !== "") && !value.includes("\0")) {
    return value.toWellFormed();
  }
  throw new Refusal(`Nothing was changed: the operation's ${name} is missing or no text.`);
}

function patched(content: string, diff: string, mode: "create" | "default"): string {
  try {
    return applyDiff(content, diff, mode);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    throw new Refusal(`Nothing was changed: the patch does not fit the file. ${reason}`.trim());
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal("Nothing was changed: the file is no UTF-8 text.");
  }
}
