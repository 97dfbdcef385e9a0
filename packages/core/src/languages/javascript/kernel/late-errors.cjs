// Errors in a context that nobody waits for: of timers, streams and promises. The context goes on; a run tells of them.
"use strict";
const { clip, writeAll } = require("./messages.cjs");

const MAXIMUM_KEPT = 20; // a timer may fail a thousand times a second
let kept = [];
let leftOut = 0;

/** Writes it to standard error, now or, while there is no run, at the beginning of the next. */
exports.tell = function (text, isRunning) {
  if (isRunning) return print(text);
  if (kept.length < MAXIMUM_KEPT) kept.push(clip(text));
  else leftOut += 1;
};

/** Writes what was kept since the last run. */
exports.tellKept = function () {
  const texts = kept;
  kept = [];
  for (const text of texts) print(`${text}\n(after the last run had ended)`);
  if (leftOut > 0) print(`… ${leftOut} more errors after the last run had ended`);
  leftOut = 0;
};

function print(text) {
  try {
    writeAll(2, Buffer.from(`${text}\n`));
  } catch {
    // The user's code has closed standard error.
  }
}
