// Runs one program as `node main.js` would; the process ends when its event loop does.
"use strict";
const Module = require("module");
const { pathToFileURL } = require("url");
const vm = require("vm");
const { describe, ownFrames, reportUncaught } = require("./failure.cjs");
const { send } = require("./messages.cjs");
const { addModuleNames } = require("./process.cjs");
const { sendValue } = require("./values.cjs");

/** Throws what the program throws: Node's own handling of uncaught errors follows. */
exports.runScript = function (job, compile) {
  const filename = process.argv[1];
  reportUncaught(filename);
  let program;
  try {
    const { code, mapStack } = compile(job.code, filename);
    if (mapStack) reportUncaught(filename, mapStack);
    addModuleNames(filename);
    program = compileProgram(code, filename);
  } catch (error) {
    return failToCompile(error, filename);
  }
  take(program());
};

/** Sends the program's value, a promise's once it is there. */
function take(value) {
  if (value instanceof Promise) value.then(sendValue);
  else sendValue(value);
}

// Not thrown, or Node would print the kernel's own line above it. Only of a module's syntax error it is Node alone that
// knows the place, and adds it to the stack when nobody catches it.
function failToCompile(error, filename) {
  if (!/^\S.*:\d+\n/.test(error.stack)) throw error;
  error.stack = ownFrames(error.stack);
  process.stderr.write(`${error.stack}\n\nNode.js ${process.version}\n`);
  send(describe(error, filename));
  process.exitCode = 1;
}

/** A function that runs the code; throws its syntax errors. */
function compileProgram(code, filename) {
  const options = { filename, importModuleDynamically: dynamicImport(filename) };
  try {
    const script = new vm.Script(code, options);
    return () => script.runInThisContext();
  } catch (error) {
    if (/\b(?:import|export|await)\b/.test(code)) {
      return require("./module.cjs").compileModule(code, filename, take);
    }
    if (!/Illegal return/.test(error.message)) throw error;
    // Legal in a CommonJS module, which is a function.
    const names = ["exports", "require", "module"];
    const body = vm.compileFunction(code, names, options);
    return () =>
      void body.call(globalThis.exports, globalThis.exports, globalThis.require, globalThis.module);
  }
}

/** How a script at `filename` imports: from its own folder. */
function dynamicImport(filename) {
  const known = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  if (known) return known;
  const require = Module.createRequire(filename);
  return (specifier) => {
    if (/^\.{0,2}\//.test(specifier)) return import(new URL(specifier, pathToFileURL(filename)).href);
    if (/^\w+:/.test(specifier) || Module.isBuiltin(specifier)) return import(specifier);
    return import(pathToFileURL(require.resolve(specifier)).href);
  };
}
exports.dynamicImport = dynamicImport;
