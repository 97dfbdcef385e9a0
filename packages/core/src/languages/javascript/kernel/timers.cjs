// Timers of a context: what they start can be interrupted. Ended from outside, Node would start it again for ever.
"use strict";
const timers = require("timers");
const vm = require("vm");
const { interruptible } = require("./interrupts.cjs");
const { define } = require("./process.cjs");

const call = new vm.Script("__llm_sandbox_call__()");

/** From now on SIGINT ends a callback of a timer that is running, and `interrupt` is told. */
exports.makeTimersInterruptible = function (interrupt) {
  for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
    const original = timers[name];
    const replacement = function (callback, ...rest) {
      return original(typeof callback === "function" ? guarded(callback, interrupt) : callback, ...rest);
    };
    Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
    timers[name] = globalThis[name] = replacement;
  }
};

function guarded(callback, interrupt) {
  return function (...values) {
    define("__llm_sandbox_call__", () => callback.apply(this, values));
    try {
      return interruptible(call);
    } catch (error) {
      if (error?.code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
      interrupt();
    }
  };
}
