import { randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../../../errors.ts";
import { folderError, ownFolder, runFolder } from "../host/folders.ts";
import { idsOfBox } from "./config.ts";

/** The place of one box among all of this machine: its folder, and by that the ids that are its alone. */
export interface BoxPlace {
  readonly folder: string;
  readonly number: number;
  readonly firstId: number;
}

/** Above the ids that systemd gives to containers, below those that are negative as 32 bits. */
const lowestId = 1_879_048_192;
const places = 4_095;

let boxes: Promise<string> | null = null;

/** Where the boxes of this user have their folders; made and looked at once. */
export function boxesFolder(): Promise<string> {
  if (!boxes) {
    boxes = ownFolder(runFolder(), 0o711).then((run) => ownFolder(join(run, "boxes"), 0o700));
    boxes.catch(() => (boxes = null));
  }
  return boxes;
}

/** Takes a free place; no other program gets it before its folder is gone. Throws LIMIT_REACHED when all are taken. */
export function takePlace(folderOfBoxes: string): BoxPlace {
  const start = randomInt(places);
  for (let step = 0; step < places; step += 1) {
    const number = (start + step) % places;
    const folder = join(folderOfBoxes, String(number));
    try {
      mkdirSync(folder, { mode: 0o700 });
      return { folder, number, firstId: lowestId + number * idsOfBox };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      // Somebody has tidied up: the next call makes it again.
      boxes = null;
      throw folderError(folder, error);
    }
  }
  throw new SandboxError("LIMIT_REACHED", `All ${places} places for boxes on this machine are taken.`, {
    remedy: "Close sessions first.",
  });
}
