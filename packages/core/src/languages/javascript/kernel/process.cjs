// Makes the process look as if it had been started for the user's program.
"use strict";
const Module = require("module");
const path = require("path");
const { writeAll } = require("./messages.cjs");

/** Lets writes to pipes block, so that `process.exit()` loses nothing. */
exports.prepareStreams = function () {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream._handle && stream._handle.setBlocking) stream._handle.setBlocking(true);
  }
};

/**
 * Lets `write` go straight to the descriptor: an interrupt in the middle of Node's own stream would leave that one
 * waiting for ever.
 */
exports.prepareInterruptibleStreams = function () {
  for (const stream of [process.stdout, process.stderr]) {
    stream.write = (chunk, encoding, callback) => {
      const done = typeof encoding === "function" ? encoding : callback;
      writeAll(
        stream.fd,
        typeof chunk === "string" ? Buffer.from(chunk, encoding === done ? "utf8" : encoding) : chunk,
      );
      if (done) process.nextTick(done);
      return true;
    };
  }
};

// Parts of Node that the kernel itself uses: nothing a program should be told about.
const OUR_WARNINGS = /^(?:vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER|stripTypeScriptTypes|VM Modules) /;

/** Leaves out Node's warnings about experimental parts that the kernel uses. */
exports.prepareWarnings = function () {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (typeof warning === "string" && OUR_WARNINGS.test(warning)) return;
    emitWarning.call(process, warning, ...rest);
  };
};

/** Environment, folder, arguments, and the global object of a fresh program. */
exports.prepareProcess = function (job) {
  Object.assign(process.env, job.env);
  if (job.cwd) process.chdir(job.cwd);
  process.argv = [process.execPath, path.resolve(job.filename), ...(job.argv ?? [])];
  process.execArgv = [];
  delete process._eval;
  forgetEvalGlobals();
  const display = require("./display.cjs");
  define("display", display.display);
};

// `node -e` adds these; a program that declares `fs` or `path` itself must see the usual error when it forgets to.
function forgetEvalGlobals() {
  for (const name of ["module", "exports", "require", "__filename", "__dirname", ...Module.builtinModules]) {
    const property = Object.getOwnPropertyDescriptor(globalThis, name);
    if (property && property.configurable && !["crypto", "console", "process"].includes(name)) {
      delete globalThis[name];
    }
  }
}

/** Adds the names that Node gives to a CommonJS module. */
exports.addModuleNames = function (filename) {
  const module = new Module(filename, null);
  module.filename = filename;
  module.paths = Module._nodeModulePaths(path.dirname(filename));
  process.mainModule = module;
  define("module", module);
  define("exports", module.exports);
  define("require", Module.createRequire(filename));
  define("__filename", filename);
  define("__dirname", path.dirname(filename));
};

function define(name, value) {
  Object.defineProperty(globalThis, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
exports.define = define;
