import { lstat, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for small files of this user only, shared by the user's processes; throws EACCES when somebody else has made it. */
export async function hostFolder(): Promise<string> {
  const folder = join(tmpdir(), `llm-sandbox-${process.getuid?.() ?? "user"}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Not what a link leads to: others may turn their link at any time.
  const facts = await lstat(folder);
  const foreign = process.getuid && (facts.uid !== process.getuid() || (facts.mode & 0o022) !== 0);
  const others = foreign || !facts.isDirectory();
  if (others) throw Object.assign(new Error(`${folder} belongs to others`), { code: "EACCES" });
  return folder;
}
