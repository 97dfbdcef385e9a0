/** What the letters behind a backslash stand for in `awk`, `printf` and `tr` alike. */
export const escapeLetters = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
} as const;
