// A context: runs come one after the other and share one global scope, with the semantics of a browser's console:
// `let`, `const` and classes stay, may be declared again, and `await` works at the top level.
"use strict";
const vm = require("vm");
const { inspect } = require("util");
const { Session } = require("inspector");
const { importsToCalls } = require("./imports.cjs");
const { describe, ownFrames } = require("./failure.cjs");
const { interruptible, listenForInterrupts } = require("./interrupts.cjs");
const { tell, tellKept } = require("./late-errors.cjs");
const { onJob, send } = require("./messages.cjs");
const { addModuleNames, define, prepareInterruptibleStreams } = require("./process.cjs");
const { dynamicImport } = require("./script.cjs");
const { makeTimersInterruptible } = require("./timers.cjs");
const { sendValue } = require("./values.cjs");

const INTERRUPTED = 130;
const IMPORT = "__llm_sandbox_import__";
const session = new Session();
const entry = new vm.Script("__llm_sandbox_evaluate__()");
const { setImmediate } = globalThis; // not yet one that can be interrupted
let running = null;

class Exit extends Error {
  constructor(exitCode) {
    super(`process.exit(${exitCode})`);
    this.exitCode = exitCode;
  }
}

/** Serves until the host closes its side. */
exports.runContext = function (job, compile) {
  session.connect();
  prepareInterruptibleStreams();
  const filename = `${process.cwd()}/context.js`;
  process.argv = [process.execPath];
  addModuleNames(filename);
  const importFrom = new vm.Script("(specifier, options) => import(specifier, options)", {
    filename,
    importModuleDynamically: dynamicImport(filename),
  });
  define(IMPORT, importFrom.runInThisContext());
  const exit = process.exit;
  process.exit = (code = process.exitCode ?? 0) => {
    throw new Exit(Number(code));
  };
  makeTimersInterruptible(interrupt);
  process.on("uncaughtException", reportLater);
  process.on("unhandledRejection", reportLater);
  listenForInterrupts(interrupt, () => {
    start(job, compile);
    onJob((next) => (next === null ? exit.call(process, 0) : start(next, compile)));
  });
};

function start(job, compile) {
  const run = { id: job.id, name: `<run ${job.id}>` };
  running = run;
  tellKept();
  let expression;
  try {
    const { code, mapStack } = compile(job.code, run.name);
    run.mapStack = mapStack;
    expression = importsToCalls(code, IMPORT);
  } catch (error) {
    return fail(run, error);
  }
  const finished = (failure, reply) => settle(run, failure, reply);
  let completed = false;
  const evaluate = () => {
    session.post(
      "Runtime.evaluate",
      {
        // A source's name may hold no blanks: `spoken` puts them in again.
        expression: `${expression}\n//# sourceURL=<run_${run.id}>`,
        replMode: true,
        objectGroup: "run",
      },
      finished,
    );
    // What follows an `await` of something that is there already can be interrupted too.
    process._tickCallback();
    completed = true;
  };
  define("__llm_sandbox_evaluate__", evaluate);
  try {
    interruptible(entry);
    // The inspector may have swallowed what ended the evaluation.
    if (!completed) interrupt();
  } catch (error) {
    if (error.code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") return fail(run, error);
    interrupt();
  }
}

function settle(run, failure, reply) {
  if (running !== run) return; // Interrupted meanwhile.
  if (failure) return interrupt(); // The evaluation was terminated.
  try {
    if (reply.exceptionDetails) return fail(run, errorOf(reply.exceptionDetails, run));
    const value = valueOf(reply.result);
    if (value !== undefined) define("_", value);
    sendValue(value);
    finishSoon(run, 0);
  } catch (error) {
    fail(run, error);
  } finally {
    session.post("Runtime.releaseObjectGroup", { objectGroup: "run" });
  }
}

function errorOf(details, run) {
  const error = valueOf(details.exception);
  if (error instanceof SyntaxError && details.lineNumber !== undefined && details.scriptId !== undefined) {
    const stack = ownFrames(error.stack);
    if (!stack.includes(`<run_${run.id}>`)) error.stack = `${run.name}:${details.lineNumber + 1}\n${stack}`;
  }
  return error;
}

/** The real value behind the inspector's description of it. */
function valueOf(remote) {
  if (remote.objectId === undefined) {
    if (remote.unserializableValue === undefined) return remote.value;
    const text = remote.unserializableValue;
    return text.endsWith("n") ? BigInt(text.slice(0, -1)) : Number(text);
  }
  let value;
  define("__llm_sandbox_take__", (taken) => (value = taken));
  session.post("Runtime.callFunctionOn", {
    objectId: remote.objectId,
    functionDeclaration: "function (value) { __llm_sandbox_take__(value); }",
    arguments: [{ objectId: remote.objectId }],
    silent: true,
  });
  return value;
}

function fail(run, error) {
  if (error instanceof Exit) return finish(run, error.exitCode);
  if (error instanceof Error) {
    const { stack } = spoken(error);
    error.stack = run.mapStack ? run.mapStack(stack) : stack;
  }
  const message = describe(error, run.name);
  process.stderr.write(`${message.traceback}\n`);
  send(message);
  finishSoon(run, 1);
}

function spoken(error) {
  if (error instanceof Error) {
    error.stack = ownFrames(error.stack).replace(/<run_(\w+)>/g, "<run $1>");
  }
  return error;
}

function interrupt() {
  const run = running;
  if (run === null) return;
  const traceback = `KeyboardInterrupt: ${run.name} was interrupted`;
  process.stderr.write(`${traceback}\n`);
  send({ type: "error", name: "KeyboardInterrupt", message: "The run was interrupted.", traceback });
  finish(run, INTERRUPTED);
}

/** Once Node has found the promises that were rejected meanwhile: their errors belong to this run. */
function finishSoon(run, exitCode) {
  setImmediate(() => finish(run, exitCode));
}

function finish(run, exitCode) {
  if (running !== run) return;
  running = null;
  process.exitCode = undefined;
  send({ type: "done", id: run.id, exitCode });
}

/** An error of a timer or a promise that nobody waits for: the context goes on. */
function reportLater(error) {
  if (error instanceof Exit) return running === null ? undefined : finish(running, error.exitCode);
  let text;
  try {
    text = error instanceof Error ? spoken(error).stack : inspect(error);
  } catch {
    text = "an error that cannot be shown";
  }
  // Of an error in a timer Node shows the line first, as it does at a program's end.
  tell(/^<run \w+>:\d+\n/.test(text) ? text : `Uncaught ${text}`, running !== null);
}
