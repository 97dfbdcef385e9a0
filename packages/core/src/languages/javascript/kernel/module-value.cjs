// Takes the value of a module's last statement where that is an expression. A module has no value of its own, and there
// is no parser here but V8's: where the statement begins is guessed, and V8 is asked whether the guess is right.
"use strict";
const vm = require("vm");

const MAXIMUM_CHARACTERS = 262144; // every guess is compiled
const MAXIMUM_GUESSES = 1000;
const BEGINNINGS = /^[ \t]*(?=\S)|(?<=[;}]|\*\/)[ \t]*(?=\S)/gm;
const MAXIMUM_SEMICOLONS = 8; // after the expression, and in comments there
const NOTHING = /^(?:[\s;]|\/\/.*|\/\*[^]*?\*\/)*$/;
const SPACE = /^(?:\s|\/\/.*|\/\*[^]*?\*\/)*/;
// What begins like this is a statement, though it would be an expression in brackets.
const NO_EXPRESSION = /^(?:\{|function\b|class\b|async[ \t]+function\b|let\s*\[|@)/;
// How to tell that what begins like this goes on with the statement above it: whether this compiles there, or not.
const GOING_ON = new Map([
  ["(", ["()", true]],
  ["[", ["[]", false]],
  ["`", ["`\\u`", true]],
  ["+", ["+1 ** 1", true]],
  ["-", ["-1 ** 1", true]],
  ["/", ["/1", true]],
]);

/**
 * The module's `code` with its last expression as the argument of the function `name`; every line stays where it is.
 * `added` says what stands in a line of the program now: `{ line, column, length }`, none when that is empty.
 */
exports.takeModuleValue = function (code, name) {
  if (!vm.SourceTextModule || code.length > MAXIMUM_CHARACTERS) return { code };
  const guesses = [...code.matchAll(BEGINNINGS)].slice(-MAXIMUM_GUESSES);
  while (guesses.length > 0) {
    const guess = guesses.pop();
    const begin = guess.index + guess[0].length;
    const last = code.slice(begin);
    const text = last.replace(SPACE, "");
    if (text === "" || NO_EXPRESSION.test(text)) continue;
    const end = endOfExpression(last);
    if (end >= 0 && beginsStatement(code.slice(0, begin), text)) {
      return wrapped(code, begin, begin + end, name);
    }
  }
  return { code };
};

/** Where the expression ends that the text consists of, but for semicolons and comments; -1 when it is something else. */
function endOfExpression(text) {
  if (compiles(`(\n${text}\n)`)) return text.length;
  let end = text.length;
  for (let semicolons = 0; semicolons < MAXIMUM_SEMICOLONS; semicolons += 1) {
    end = text.lastIndexOf(";", end - 1);
    if (end <= 0) return -1;
    if (NOTHING.test(text.slice(end)) && compiles(`(\n${text.slice(0, end)}\n)`)) return end;
  }
  return -1;
}

function beginsStatement(before, text) {
  if (!compiles(before)) return false;
  if (compiles(`${before})`)) return false; // in a comment
  if (text.startsWith("++") || text.startsWith("--")) return true;
  const [probe, goesOn] = GOING_ON.get(text[0]) ?? ["", false];
  return probe === "" || compiles(`${before}\n${probe}`) !== goesOn;
}

/** With the call where nobody sees it when Node shows the line of an error: at the end of a line above, if there is one. */
function wrapped(code, begin, end, name) {
  const rest = `${code.slice(begin, end)}\n))${code.slice(end)}`;
  const call = `${/[^;\s]\s*$/.test(code.slice(0, begin)) ? ";" : ""}${name}((`;
  for (let place = begin; place > 0;) {
    place = code.lastIndexOf("\n", place - 1);
    if (place < 0) break;
    const between = code.slice(place, begin);
    if (between.replace(SPACE, "") !== "") break;
    const attempt = code.slice(0, place) + call + between + rest;
    if (compiles(attempt)) return { code: attempt };
  }
  const lines = code.slice(0, begin).split("\n");
  const added = { line: lines.length, column: lines.at(-1).length, length: call.length };
  return { code: code.slice(0, begin) + call + rest, added };
}

function compiles(code) {
  try {
    void new vm.SourceTextModule(code);
    return true;
  } catch {
    return false;
  }
}
