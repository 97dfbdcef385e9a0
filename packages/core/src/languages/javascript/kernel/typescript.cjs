// Takes the types out of TypeScript with Node's own stripper.
"use strict";
const Module = require("module");
const { withoutWarnings } = require("./process.cjs");

/** Loads the stripper while there is nothing else to do. */
exports.warmUp = function () {
  if (Module.stripTypeScriptTypes) withoutWarnings(() => Module.stripTypeScriptTypes("let x: 1"));
};

/** JavaScript with every line where it was; with a source map where that cannot be (enums, namespaces). */
exports.toJavaScript = function (code) {
  const strip = Module.stripTypeScriptTypes;
  if (!strip) {
    throw new Error(`TypeScript needs Node 22.13 or newer in the image, this is ${process.version}.`);
  }
  return { code: withoutWarnings(() => strip(code, { mode: "strip" })) };
};
