import { constants } from "./node-status.ts";

const textFlags: Readonly<Record<string, object>> = {
  r: {},
  rs: {},
  "r+": { write: true },
  "rs+": { write: true },
  w: { write: true, create: true, truncate: true },
  wx: { write: true, create: true, truncate: true, exclusive: true },
  "w+": { write: true, create: true, truncate: true },
  "wx+": { write: true, create: true, truncate: true, exclusive: true },
  a: { write: true, create: true, append: true },
  ax: { write: true, create: true, append: true, exclusive: true },
  "a+": { write: true, create: true, append: true },
  "ax+": { write: true, create: true, append: true, exclusive: true },
};

/** How a file is to be opened, from Node's text or number. */
export function flagsOf(flags: unknown): object {
  if (typeof flags === "number") {
    return {
      write: (flags & 3) !== 0,
      create: (flags & constants.O_CREAT) !== 0,
      exclusive: (flags & constants.O_EXCL) !== 0,
      truncate: (flags & constants.O_TRUNC) !== 0,
      append: (flags & constants.O_APPEND) !== 0,
    };
  }
  const known = textFlags[String(flags)];
  if (known) return known;
  throw Object.assign(new TypeError(`The argument 'flags' is invalid. Received '${String(flags)}'`), {
    code: "ERR_INVALID_ARG_VALUE",
  });
}
