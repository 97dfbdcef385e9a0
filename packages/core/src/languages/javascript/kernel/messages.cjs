// Jobs in and messages out: one JSON object a line on descriptor 3.
"use strict";
const fs = require("fs");

const MAXIMUM_TEXT = 262144;
const pause = new Int32Array(new SharedArrayBuffer(4));
let pending = [];

/** The next job, or null when the host has closed its side; blocks the whole process. */
exports.readJob = function () {
  const buffer = Buffer.allocUnsafe(65536);
  for (;;) {
    let count;
    try {
      count = fs.readSync(3, buffer);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
      continue;
    }
    if (count === 0) return null;
    const job = take(buffer.subarray(0, count));
    if (job !== undefined) return job;
  }
};

/** Calls back with every later job, and with null at the end; keeps the event loop alive. */
exports.onJob = function (callback) {
  const buffer = Buffer.allocUnsafe(65536);
  const next = () =>
    fs.read(3, buffer, 0, buffer.length, null, (error, count) => {
      if (error !== null && error.code === "EAGAIN") return setTimeout(next, 5);
      if (error !== null || count === 0) return callback(null);
      const job = take(buffer.subarray(0, count));
      if (job !== undefined) callback(job);
      next();
    });
  next();
};

function take(chunk) {
  const end = chunk.indexOf(10);
  pending.push(Buffer.from(chunk));
  if (end < 0) return undefined;
  const all = Buffer.concat(pending);
  const stop = all.indexOf(10);
  pending = [all.subarray(stop + 1)];
  return JSON.parse(all.toString("utf8", 0, stop));
}

/** Sends a message after everything that was printed before it; never throws. */
exports.send = function (message) {
  try {
    writeAll(3, Buffer.from(JSON.stringify(message) + "\n"));
  } catch {
    // The user's code has closed descriptor 3: its messages are its own loss.
  }
};

/** Writes all bytes, however long that takes. */
function writeAll(descriptor, bytes) {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(descriptor, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}
exports.writeAll = writeAll;

/** The head and the tail of a text that is too long. */
exports.clip = function (text) {
  if (text.length <= MAXIMUM_TEXT) return text;
  const half = MAXIMUM_TEXT / 2;
  const omitted = text.length - MAXIMUM_TEXT;
  return `${text.slice(0, half)}\n… ${omitted} characters left out …\n${text.slice(-half)}`;
};
