import { randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { folderError, ownFolder, ownRunFolder } from "../host/folders.ts";

/** The place of one box among all of this user: its folder, and by its number the ids that are its alone. */
export interface BoxPlace {
  readonly folder: string;
  readonly number: number;
}

let boxes: Promise<string> | null = null;

/** Where the boxes of this user have their folders; made and looked at once. */
export function boxesFolder(): Promise<string> {
  if (!boxes) {
    boxes = ownRunFolder().then((run) => ownFolder(join(run, "boxes"), 0o700));
    boxes.catch(() => (boxes = null));
  }
  return boxes;
}

/** Takes a free place; no other program gets it before its folder is gone. Throws LIMIT_REACHED when all are taken. */
export function takePlace(folderOfBoxes: string, places: number): BoxPlace {
  const start = randomInt(places);
  for (let step = 0; step < places; step += 1) {
    const number = (start + step) % places;
    const folder = join(folderOfBoxes, String(number));
    try {
      mkdirSync(folder, { mode: 0o700 });
      return { folder, number };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      // Somebody has tidied up: the next call makes it again.
      boxes = null;
      throw folderError(folder, error);
    }
  }
  throw new SandboxError("LIMIT_REACHED", `All ${places} places for boxes of this user are taken.`, {
    remedy:
      process.getuid?.() === 0
        ? "Close sessions first."
        : "Close sessions first, or give the user a larger range of ids in /etc/subuid and /etc/subgid.",
  });
}
