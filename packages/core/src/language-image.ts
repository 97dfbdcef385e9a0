import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Places of the Dockerfiles of the default images: in the built package, and in a checkout. */
const candidates = ["./images/", "../images/", "../../../images/"];

/** The folder on this machine with the Dockerfile of a language's default image. */
export function languageImageFolder(name: string): string {
  const folders = candidates.map((path) => fileURLToPath(new URL(`${path}${name}`, import.meta.url)));
  return folders.find((folder) => existsSync(`${folder}/Dockerfile`)) ?? folders[0]!;
}
