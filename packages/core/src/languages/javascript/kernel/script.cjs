// Runs one program as `node main.js` would; the process ends when its event loop does.
"use strict";
const vm = require("vm");
const { reportUncaught } = require("./failure.cjs");
const { addModuleNames } = require("./process.cjs");
const { sendValue } = require("./values.cjs");

/** Throws what the program throws: Node's own handling of uncaught errors follows. */
exports.runScript = function (job, compile) {
  const filename = process.argv[1];
  reportUncaught(filename);
  const { code, mapStack } = compile(job.code, filename);
  if (mapStack) reportUncaught(filename, mapStack);
  addModuleNames(filename);
  const program = compileProgram(code, filename);
  if (program === null) return require("./module.cjs").runModule(code, filename);
  const value = program();
  if (value instanceof Promise) value.then(sendValue);
  else sendValue(value);
};

/** A function that runs the code, or null when it is an ECMAScript module. */
function compileProgram(code, filename) {
  const options = { filename, importModuleDynamically: dynamicImport() };
  try {
    const script = new vm.Script(code, options);
    return () => script.runInThisContext();
  } catch (error) {
    if (/\b(?:import|export|await)\b/.test(code)) return null;
    if (!/Illegal return/.test(error.message)) throw error;
    // Legal in a CommonJS module, which is a function.
    const { exports, require, module } = globalThis;
    const names = ["exports", "require", "module"];
    const body = vm.compileFunction(code, names, options);
    return () => void body.call(exports, exports, require, module);
  }
}

function dynamicImport() {
  return vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER ?? ((specifier) => import(specifier));
}
exports.dynamicImport = dynamicImport;
