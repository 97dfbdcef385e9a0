import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";

/** Administrators' programs are often not in the `PATH` of a service. */
const alsoIn = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The absolute path of a program of this machine, or null. */
export function findProgram(name: string): string | null {
  if (isAbsolute(name)) return isProgram(name) ? name : null;
  const folders = [...(process.env["PATH"] ?? "").split(":").filter(isAbsolute), ...alsoIn];
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
