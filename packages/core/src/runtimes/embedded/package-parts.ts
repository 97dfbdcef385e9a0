import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ChildCall } from "./child-frames.ts";
import type { Answer } from "./file-calls.ts";
import { findJustBash, packageFolder } from "./installed-parts.ts";

/** Packages that just-bash can do without; what needs them says so. */
const leftOut = new Set(["turndown"]);

/** Reads the modules of installed packages for one child while it gets ready: only just-bash and what that asks for. */
export function packageParts(): (call: ChildCall) => Answer {
  const served = new Set<string>();
  return ({ request }) => {
    const { name, from } = request;
    if (request["op"] !== "part" || typeof name !== "string" || typeof from !== "string")
      throw absent("part");
    const path = name === "just-bash" ? findJustBash() : dependency(name, from, served);
    served.add(path);
    return { value: { path }, data: readFileSync(path) };
  };
}

function dependency(name: string, from: string, served: ReadonlySet<string>): string {
  if (!served.has(from) || leftOut.has(name)) throw absent(name);
  try {
    return createRequire(from).resolve(name);
  } catch {
    throw absent(name);
  }
}

/** The parser of JavaScript, for contexts and the places of syntax errors; a child may ask for it at any time. */
export function parserPart(): Answer {
  const folder = packageFolder("acorn", import.meta.url);
  if (folder === undefined) throw absent("acorn");
  return { value: {}, data: readFileSync(join(folder, "dist", "acorn.js")) };
}

/** The time zones, for a program that asks for one: deflated JSON of their names and their TZif files (RFC 9636). */
export async function zonesPart(): Promise<Answer> {
  const { zones } = await import("./zones.generated.ts");
  return { value: {}, data: Buffer.from(zones, "base64") };
}

/** The shell's commands that are not in just-bash or wrong in it, for a script that runs one: a script that sets `tools`. */
export async function toolsPart(): Promise<Answer> {
  const { shellTools } = await import("./shell-tools.generated.ts");
  return { value: {}, data: Buffer.from(shellTools, "utf8") };
}

function absent(name: string): Error {
  return Object.assign(new Error(`${name.slice(0, 100)} is not there`), { code: "ENOENT" });
}
