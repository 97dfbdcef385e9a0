import { readdir, readFile } from "node:fs/promises";

/** A file of /proc, of every process that this user may look at; nothing where there is no /proc. */
export async function ofEveryProcess(file: "cmdline" | "mountinfo"): Promise<readonly string[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const texts = pids.map((pid) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => ""));
  return Promise.all(texts);
}
