// Reports uncaught errors with the user's own frames only; Node prints them as it always does.
"use strict";
const { inspect } = require("util");
const { clip, send } = require("./messages.cjs");

const KERNEL = "llm-sandbox-kernel";

const state = { installed: false, mapStack: (stack) => stack };

/** From now on an uncaught error is sent as an `error` message before Node prints it and ends the process. */
exports.reportUncaught = function (filename, mapStack = state.mapStack) {
  state.mapStack = mapStack;
  if (state.installed) return;
  state.installed = true;
  process.on("uncaughtExceptionMonitor", (error) => {
    if (error instanceof Error) error.stack = state.mapStack(ownFrames(error.stack));
    send(describe(error, filename));
    if (state.hidden !== undefined) endAsNode(error, state.hidden);
  });
};

/** From now on errors are shown as if what the kernel has added to a line of the program were not there. */
exports.hideInErrors = function (added) {
  const { line, column, length, url } = added;
  const { mapStack } = state;
  const place = new RegExp(`(${escaped(url)}:${line}:)(\\d+)`, "g");
  const hide = (_all, before, found) => before + (Number(found) > column + length ? found - length : found);
  state.mapStack = (stack) => mapStack(stack.replace(place, hide));
  state.hidden = added;
};

// Node would print the line that it has been given.
function endAsNode(error, { url, line, text }) {
  if (!(error instanceof Error) || !isLast()) return;
  const frame = /^ {4}at (?!.*<anonymous>\)?$).*/m.exec(error.stack)?.[0] ?? "";
  const column = new RegExp(`${escaped(url)}:${line}:(\\d+)`).exec(frame)?.[1];
  if (column === undefined) return;
  process.stderr.write(
    `${url}:${line}\n${text}\n${" ".repeat(column - 1)}^\n\n${inspect(error)}\n\nNode.js ${process.version}\n`,
  );
  process.exit(1);
}

/** Whether nobody else listens: Node would print the error and end the process now. */
function isLast() {
  return (
    process.listenerCount("uncaughtException") === 0 &&
    process.listenerCount("uncaughtExceptionMonitor") === 1 &&
    !process.hasUncaughtExceptionCaptureCallback()
  );
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The `error` message for whatever was thrown. */
function describe(error, filename) {
  if (!(error instanceof Error)) {
    const text = clip(inspect(error));
    return { type: "error", name: "Error", message: text, traceback: `Uncaught ${text}` };
  }
  const traceback = clip(String(error.stack));
  const line = lineOf(traceback, filename);
  return {
    type: "error",
    name: String(error.name),
    message: clip(String(error.message)),
    traceback,
    ...(line === undefined ? {} : { line }),
  };
}
exports.describe = describe;

/** The stack without the kernel's frames and what lies below them. */
function ownFrames(stack) {
  const lines = String(stack).split("\n");
  const kernel = lines.findIndex((line) => /^\s+at /.test(line) && line.includes(KERNEL));
  if (kernel < 0) return lines.join("\n");
  // What stands right above it is Node's own part that it has called.
  let end = kernel;
  while (/^\s+at .*\bnode:/.test(lines[end - 1] ?? "")) end -= 1;
  const own = lines.slice(0, end).join("\n");
  // Node prints a stack without a single frame in brackets.
  const place = /^(\S.*:\d+)\n/.exec(own);
  return place && !/\n {4}at /.test(own) ? `${own}\n    at ${place[1]}` : own;
}
exports.ownFrames = ownFrames;

/** The first line of `filename` that a stack names: `main.js:3`. */
function lineOf(stack, filename) {
  const name = escaped(filename.slice(filename.lastIndexOf("/") + 1));
  const match = new RegExp(`(?:^|[/( ])${name}:(\\d+)`, "m").exec(stack);
  return match ? Number(match[1]) : undefined;
}
