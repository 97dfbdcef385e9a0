import { spawn } from "node:child_process";

const keptBytes = 20_000;
const graceMs = 15_000;
const hasGroups = process.platform !== "win32";
const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1", FORCE_COLOR: undefined };

/**
 * Runs one step of a test run with its output shown as it comes (unless `show` is false), and ends it when it takes too long.
 * Resolves with `{ name, ok, seconds, timedOut, interrupted, tail }`; never rejects.
 */
export function runStage({ name, command, args, timeoutMs, cwd, env, onStdout, show = true }) {
  const begin = performance.now();
  const tell = (stream, text) => show && stream.write(text);
  tell(process.stderr, `\n== ${name}\n`);
  return new Promise((resolve) => {
    let tail = "";
    let timedOut = false;
    const child = spawn(command, args, {
      cwd,
      env: { ...env, ...colours },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: npm and sh hand no signal on, so what they started is ended with them.
      detached: hasGroups,
    });
    const endAll = (signal) => {
      try {
        process.kill(hasGroups ? -child.pid : child.pid, signal);
      } catch {
        // All of it has ended.
      }
    };
    const keep = (chunk) => {
      tail = (tail + chunk).slice(-keptBytes);
    };
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      if (onStdout) return onStdout(chunk);
      keep(chunk);
      tell(process.stdout, chunk);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      keep(chunk);
      tell(process.stderr, chunk);
    });
    let interrupted = false;
    const forward = (signal) => {
      interrupted = true;
      endAll(signal);
      setTimeout(endAll, graceMs, "SIGKILL").unref();
    };
    process.on("SIGINT", forward).on("SIGTERM", forward);
    const kill = setTimeout(endAll, timeoutMs + graceMs, "SIGKILL");
    const timer = setTimeout(() => {
      timedOut = true;
      endAll("SIGTERM");
    }, timeoutMs);
    const end = (code, error) => {
      clearTimeout(timer);
      clearTimeout(kill);
      process.off("SIGINT", forward).off("SIGTERM", forward);
      const seconds = (performance.now() - begin) / 1000;
      const ok = code === 0 && !timedOut;
      if (timedOut) tail += `\nStopped after ${(timeoutMs / 60_000).toFixed(0)} minutes.`;
      if (error) tail += `\n${error.message}`;
      tell(process.stderr, `== ${name}: ${ok ? "ok" : "FAILED"} in ${seconds.toFixed(1)} s\n`);
      resolve({ name, ok, seconds, timedOut, interrupted, tail });
    };
    child.on("error", (error) => end(1, error));
    // A stray grandchild may hold the pipes open, so the end of the process counts, not the end of its output.
    child.on("exit", (code) => setTimeout(() => end(code), 200));
  });
}
