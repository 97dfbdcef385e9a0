// Listens for SIGINT without ever leaving a moment in which it would end the process or be lost.
"use strict";
const { Worker } = require("worker_threads");

// Node keeps a list of the scripts that run with `breakOnSigint`, in all threads. Only while there are some does the
// signal interrupt the newest of them instead of ending the process. So a thread always keeps two such scripts running:
// when the inner is interrupted the outer remains. A run on the main thread is newer than both and interrupted itself;
// only if it has begun while the inner was being started again is it older, and the signal is passed on to it.
const LISTENER = `
const vm = require("vm");
const { parentPort, workerData } = require("worker_threads");
const never = new Int32Array(new SharedArrayBuffer(4));
const forever = (name, action) => {
  globalThis[name] = action;
  const script = new vm.Script(name + "()");
  return () => {
    for (;;) {
      try {
        script.runInThisContext({ breakOnSigint: true });
      } catch {
        if (Atomics.load(workerData, 0) === 1) {
          process.kill(process.pid, "SIGINT");
          Atomics.wait(workerData, 0, 1, 1000);
        } else {
          parentPort.postMessage("interrupt");
        }
      }
    }
  };
};
const inner = forever("wait", () => {
  parentPort.postMessage("ready");
  Atomics.wait(never, 0, 0);
});
forever("listen", inner)();
`;
const running = new Int32Array(new SharedArrayBuffer(4));

/** Calls `interrupt` for each SIGINT that came while nothing was `interruptible`; calls `ready` once it listens. */
exports.listenForInterrupts = function (interrupt, ready) {
  const worker = new Worker(LISTENER, {
    eval: true,
    execArgv: [],
    argv: [],
    workerData: running,
  });
  let started = false;
  worker.on("message", (message) => {
    if (message === "interrupt") return interrupt();
    if (started) return;
    started = true;
    worker.unref();
    ready();
  });
};

/** Runs a script that SIGINT interrupts: it throws `ERR_SCRIPT_EXECUTION_INTERRUPTED` then. */
exports.interruptible = function (script) {
  Atomics.store(running, 0, 1);
  try {
    return script.runInThisContext({ breakOnSigint: true });
  } finally {
    Atomics.store(running, 0, 0);
    Atomics.notify(running, 0);
  }
};
