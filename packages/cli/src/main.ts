#!/usr/bin/env node
import { parseCommand } from "./command.ts";
import { clean } from "./clean.ts";
import { doctor } from "./doctor.ts";
import { explain } from "./explain.ts";
import { help } from "./help.ts";
import { interruptSignal } from "./interrupt.ts";
import { runCode } from "./run-code.ts";
import { version } from "./version.ts";
import { shell } from "./shell.ts";
import { tour } from "./tour/tour.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader of our output went away (`| head`): nobody is left to tell.
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`llm-sandbox: the output cannot be written: ${error.message}\n`, () =>
    process.exit(3),
  );
});
// Without its reader the run goes on: its output and exit code still count.
process.stderr.on("error", () => {});

try {
  const command = await parseCommand(process.argv.slice(2));
  const signal = interruptSignal();
  if (command.name === "help") process.stdout.write(help());
  else if (command.name === "version") process.stdout.write(`${version()}\n`);
  else if (command.name === "run") process.exitCode = await runCode(command, signal);
  else if (command.name === "shell") process.exitCode = await shell(command, signal);
  else if (command.name === "doctor") process.exitCode = await doctor(signal);
  else if (command.name === "clean") process.exitCode = await clean(command, signal);
  else process.exitCode = await tour(command.runtime, signal);
} catch (error) {
  process.exitCode = explain(error);
}
