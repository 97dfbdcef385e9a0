// Listens for SIGINT without ever leaving a moment in which it would end the process or be lost.
"use strict";
const { Worker } = require("worker_threads");

// Node keeps a list of the scripts that run with `breakOnSigint`, in all threads. Only while there are some does the
// signal interrupt the newest of them instead of ending the process. So a thread always keeps two such scripts running:
// when the inner is interrupted the outer remains. A run on the main thread is newer than both and interrupted itself;
// only if it has begun while the inner was being started again is it older, and the signal is passed on to it.
//
// What a timer or an answer from outside has started runs in no such script. The main thread is told, and where it is
// too busy to hear of it, the inspector ends what it is doing.
const LISTENER = `
const vm = require("vm");
const { Session } = require("inspector");
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
          const heard = Atomics.load(workerData, 1);
          parentPort.postMessage("interrupt");
          if (Atomics.wait(workerData, 1, heard, 150) === "timed-out") terminate();
        }
      }
    }
  };
};
let session;
const terminate = () => {
  if (!session) {
    session = new Session();
    session.connectToMainThread();
  }
  session.post("Runtime.terminateExecution");
};
const inner = forever("wait", () => {
  parentPort.postMessage("ready");
  Atomics.wait(never, 0, 0);
});
forever("listen", inner)();
`;
// Whether the main thread is in an interruptible script; how many interrupts it has heard of.
const state = new Int32Array(new SharedArrayBuffer(8));

/** Calls `interrupt` for each SIGINT that came while nothing was `interruptible`; calls `ready` once it listens. */
exports.listenForInterrupts = function (interrupt, ready) {
  const worker = new Worker(LISTENER, {
    eval: true,
    execArgv: [],
    argv: [],
    workerData: state,
  });
  let started = false;
  worker.on("message", (message) => {
    if (message === "interrupt") {
      Atomics.add(state, 1, 1);
      Atomics.notify(state, 1);
      return interrupt();
    }
    if (started) return;
    started = true;
    worker.unref();
    ready();
  });
};

/** Runs a script that SIGINT interrupts: it throws `ERR_SCRIPT_EXECUTION_INTERRUPTED` then. */
exports.interruptible = function (script) {
  Atomics.store(state, 0, 1);
  try {
    return script.runInThisContext({ breakOnSigint: true });
  } finally {
    Atomics.store(state, 0, 0);
    Atomics.notify(state, 0);
  }
};
