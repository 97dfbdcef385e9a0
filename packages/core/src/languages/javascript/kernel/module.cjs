// Runs code as an ECMAScript module that exists only in memory.
"use strict";
const Module = require("module");
const vm = require("vm");
const { pathToFileURL } = require("url");
const { hideInErrors } = require("./failure.cjs");
const { takeModuleValue } = require("./module-value.cjs");
const { define } = require("./process.cjs");

const VALUE = "__llm_sandbox_value__";

/** A function that runs the code and gives its last expression's value to `take`; throws its syntax errors. */
exports.compileModule = function (code, filename, take) {
  const url = pathToFileURL(filename).href;
  // The loader does not tell where a syntax error is.
  if (vm.SourceTextModule) void new vm.SourceTextModule(code, { identifier: url });
  const program = takeModuleValue(code, VALUE);
  if (program.code !== code) define(VALUE, takeOnce(take));
  if (program.added) hideInErrors({ ...program.added, url, text: code.split("\n")[program.added.line - 1] });
  return () => run(program.code, url, filename);
};

function takeOnce(take) {
  return (value) => {
    delete globalThis[VALUE];
    take(value);
  };
}

function run(code, url, filename) {
  let settled = false;
  const settle = () => (settled = true);
  process.on("exit", (status) => {
    if (settled || status !== 0) return;
    process.stderr.write(`Warning: Detected unsettled top-level await at ${filename}\n`);
    process.exitCode = 13; // Node's own code for it.
  });
  const running = load(code, url, filename);
  running.then(settle, settle);
  // The second branch stays unhandled, so that Node reports its error.
  void running.then(() => {});
}

function load(code, url, filename) {
  if (Module.registerHooks) return loadWithHooks(code, url);
  return require("./vm-module.cjs").loadWithVm(code, url, filename);
}

function loadWithHooks(code, url) {
  const hooks = Module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === url ? { url, format: "module", shortCircuit: true } : next(specifier, context),
    load(address, context, next) {
      if (address !== url) return next(address, context);
      hooks.deregister();
      return { format: "module", source: code, shortCircuit: true };
    },
  });
  return import(url);
}
