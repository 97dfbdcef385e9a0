import { randomInt } from "node:crypto";

/** Ids of one box that no other box of this process has. */
export interface BoxIds {
  readonly uid: number;
  readonly tags: { readonly first: number; readonly count: number };
  /** Gives the uid back once the box is gone. */
  release(): void;
}

/**
 * Where ids come from. A uid shared by two boxes would share their budgets of processes and watches, so it is drawn
 * from a range so large that boxes of other programs do not meet it. Engines in a user namespace know only 65,536.
 */
export const idRanges = {
  many: { uid: [1_000_000_000, 2_000_000_000], tags: [2_000_000_000, 2_147_000_000], tagCount: 100_000 },
  few: { uid: [10_000, 60_000], tags: [60_000, 65_001], tagCount: 5_000 },
} as const;

const taken = new Set<number>();

/** Draws ids at random; `others` are uids that boxes of other programs are known to have. */
export function drawBoxIds(fewIds: boolean, others: ReadonlySet<number> = new Set()): BoxIds {
  const range = fewIds ? idRanges.few : idRanges.many;
  let uid: number;
  do uid = randomInt(range.uid[0], range.uid[1]);
  while (taken.has(uid) || others.has(uid));
  taken.add(uid);
  return {
    uid,
    tags: { first: randomInt(range.tags[0], range.tags[1] - range.tagCount + 1), count: range.tagCount },
    release: () => taken.delete(uid),
  };
}
