// Takes the types out of TypeScript with Node's own stripper.
"use strict";
const Module = require("module");

/** Loads the stripper while there is nothing else to do. */
exports.warmUp = function () {
  if (Module.stripTypeScriptTypes) strip("let x: 1", "strip");
};

/** JavaScript with every line where it was; with `mapStack` where that cannot be (enums, namespaces). */
exports.toJavaScript = function (code, filename) {
  if (!Module.stripTypeScriptTypes) {
    const error = new Error(`TypeScript needs Node 22.13 or newer in the image; this is ${process.version}.`);
    error.stack = `Error: ${error.message}`;
    throw error;
  }
  let failure;
  try {
    return { code: strip(code, "strip") };
  } catch (error) {
    failure = error;
  }
  try {
    // Before 22.15 Node has one code for what is wrong and for what it only does in this mode.
    return withMap(strip(code, "transform", { sourceMap: true }), filename);
  } catch (error) {
    throw named(failure.code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" ? error : failure, filename);
  }
};

function strip(code, mode, options) {
  return Module.stripTypeScriptTypes(code, { mode, ...options });
}

/** A syntax error that names the user's file instead of Node's own functions. */
function named(error, filename) {
  const syntax = new SyntaxError(error.message);
  const place = String(error.stack).split(/\n\s*\n?(?=SyntaxError)/)[0];
  syntax.stack = `${filename}${place.startsWith(":") ? place : ""}\n\nSyntaxError: ${error.message}`;
  return syntax;
}

function withMap(code, filename) {
  const found = /\n\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)\s*$/.exec(code);
  if (!found) return { code };
  const map = new Module.SourceMap(JSON.parse(Buffer.from(found[1], "base64").toString()));
  const name = filename.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ /g, "[ _]");
  const place = new RegExp(`(${name}):(\\d+)(?::(\\d+))?`, "g");
  const mapStack = (stack) =>
    stack.replace(place, (all, file, line, column) => {
      const entry = map.findEntry(Number(line) - 1, column ? Number(column) - 1 : 0);
      if (entry.originalLine === undefined) return all;
      const end = column ? `:${entry.originalColumn + 1}` : "";
      return `${file}:${entry.originalLine + 1}${end}`;
    });
  return { code: code.slice(0, found.index + 1), mapStack };
}
