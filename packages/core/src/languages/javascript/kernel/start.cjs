// Where a kernel begins: gets ready, then waits for its first job on descriptor 3.
"use strict";
const { readJob } = require("./messages.cjs");
const { prepareProcess, prepareStreams, prepareWarnings } = require("./process.cjs");

const typescript = process.argv[1] === "typescript";

function main() {
  prepareStreams();
  prepareWarnings();
  if (typescript) require("./typescript.cjs").warmUp();
  const job = readJob();
  if (job === null) return;
  prepareProcess(job);
  const compile = typescript ? require("./typescript.cjs").toJavaScript : (code) => ({ code });
  if (job.mode === "context") require("./context.cjs").runContext(job, compile);
  else require("./script.cjs").runScript(job, compile);
}

main();
