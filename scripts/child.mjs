import { spawn } from "node:child_process";
import { constants } from "node:os";

// A terminal's Ctrl-C reaches the whole process group by itself; a second one from here would mean "now, at once".
const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;

/** Runs a program to its end, signals passed through; resolves with its exit code (128 + n after signal n). */
export function runChild(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const forward = (signal) => {
      if (signal !== "SIGINT" || !hasTerminal) child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const stopForwarding = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.on("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.on("close", (code, signal) => {
      stopForwarding();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/** Runs a program quietly; throws with its output when it fails. */
export async function runQuietly(what, command, args, options = {}) {
  const output = [];
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output.push(chunk));
    child.on("error", reject);
    child.on("close", (exitCode, signal) => resolve(signal ?? exitCode));
  });
  if (code !== 0) throw new Error(`${what} failed (${code}):\n${Buffer.concat(output)}`);
}
