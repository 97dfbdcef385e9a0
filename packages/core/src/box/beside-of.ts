import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";

/** A name beside the path, on the same disk, that nothing has: for what is to appear there whole. */
export function besideOf(path: string): string {
  // A name that is as long as names may be leaves no room for more.
  return join(dirname(path), `.${basename(path).slice(0, 40)}.${randomBytes(6).toString("hex")}`);
}
