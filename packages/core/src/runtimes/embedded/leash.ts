import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";

// Reads "+ pid" and "- pid"; when this program is gone, however it went, it ends those that are left.
const script = `
trap '' INT TERM HUP
pids=' '
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
`;

let leash: ChildProcess | undefined;

/**
 * Sees to it that a process does not outlive this program, also when it is killed: a child that is busy does not notice
 * the end of its input. A shell of its own session holds the leash; Windows has none, and its children notice when idle.
 */
export function hold(pid: number): void {
  tell(`+ ${pid}\n`);
}

/** The process has ended: its number may soon be another's. */
export function letGo(pid: number): void {
  tell(`- ${pid}\n`);
}

function tell(line: string): void {
  if (process.platform === "win32") return;
  if (!leash || leash.exitCode !== null || leash.signalCode !== null) leash = start();
  leash.stdin?.write(line);
}

function start(): ChildProcess {
  const started = spawn("/bin/sh", ["-c", script], {
    cwd: "/",
    env: {},
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  started.on("error", () => {});
  started.stdin.on("error", () => {});
  started.unref();
  (started.stdin as Socket).unref();
  return started;
}
