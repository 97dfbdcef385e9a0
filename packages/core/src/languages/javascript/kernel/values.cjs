// Describes a value by media type, within bounds.
"use strict";
const { inspect } = require("util");
const { clip, send } = require("./messages.cjs");

const TEXT = { depth: 4, maxArrayLength: 200, maxStringLength: 20000, breakLength: 100 };
const MAXIMUM_JSON = 1048576;
const MAXIMUM_NODES = 20000;
// What starts something is rarely meant as the result.
const HANDLES = new Set(["Timeout", "Immediate", "Server", "ChildProcess"]);

/** Sends the value of the last expression, unless there is none. */
exports.sendValue = function (value) {
  if (value === undefined || HANDLES.has(value?.constructor?.name)) return;
  send({ type: "value", data: describeValue(value) });
};

function describeValue(value) {
  const data = { "text/plain": clip(inspect(value, TEXT)) };
  const budget = { nodes: MAXIMUM_NODES, characters: MAXIMUM_JSON };
  try {
    if (isPlain(value, budget, 0)) data["application/json"] = value;
  } catch {
    // A getter or a proxy that throws: no JSON then.
  }
  return data;
}
exports.describeValue = describeValue;

/** Whether JSON keeps everything of the value, within the budget. */
function isPlain(value, budget, depth) {
  budget.nodes -= 1;
  if (budget.nodes < 0 || budget.characters < 0 || depth > 100) return false;
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") {
    budget.characters -= value.length;
    return budget.characters >= 0;
  }
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every((item) => isPlain(item, budget, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  if (typeof value.toJSON === "function") return false;
  return Object.entries(value).every(([key, item]) => {
    budget.characters -= key.length;
    return isPlain(item, budget, depth + 1);
  });
}
