import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A running program on some machine, named so that it is never mistaken for a later one with the same process id. */
export interface Owner {
  /** Machine, boot and process-id namespace: process ids can be compared only within one. */
  readonly host: string;
  readonly pid: number;
  /** When the process started, in the machine's own unit; empty where the system does not tell. */
  readonly started: string;
}

/** This very process. */
export function thisOwner(): Owner {
  return { host: hostIdentity(), pid: process.pid, started: statOf(process.pid)?.started ?? "" };
}

/** False only when it is certain that the owner has ended; null when it cannot be known from here. */
export function isAlive(owner: Owner): boolean | null {
  if (owner.host !== hostIdentity()) return null;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const stat = statOf(owner.pid);
  if (stat === null || owner.started === "") return true;
  // A zombie answers signals, but runs nothing any more.
  return stat.state !== "Z" && stat.state !== "X" && stat.started === owner.started;
}

let identity: string | undefined;

function hostIdentity(): string {
  identity ??= createHash("sha256")
    .update(
      JSON.stringify([
        hostname(),
        read("/etc/machine-id"),
        read("/proc/sys/kernel/random/boot_id"),
        link("/proc/self/ns/pid"),
      ]),
    )
    .digest("hex")
    .slice(0, 32);
  return identity;
}

function statOf(pid: number): { state: string; started: string } | null {
  // The second field is the program's name in brackets and may hold anything; the start time is the 20th after it.
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] && fields[19] ? { state: fields[0], started: fields[19] } : null;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

function link(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
