import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { MachineUnderTest } from "../testing/machine-under-test.ts";

/** This machine, or null where no box can be started. */
export const machine: MachineUnderTest | null = await MachineUnderTest.find();

/** A folder that boxes can enter; `remove` deletes it. */
export async function folder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "llm-sandbox-oci-test-"));
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** An OCI runtime that is a shell script, named like the real one: what it does before, or in place of, that. */
export async function scriptedRuntime(
  folder: string,
  script: string,
  like: string = machine?.ociRuntimes[0] ?? "runtime",
): Promise<string> {
  const path = join(folder, `${basename(like)}-${Math.random().toString(36).slice(2)}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
