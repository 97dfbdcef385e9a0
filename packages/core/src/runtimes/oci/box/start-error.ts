import { SandboxError } from "../../../errors.ts";
import { readText } from "../host/cgroup-machine.ts";

/** Says what a failed start means, with the OCI runtime's words and a next step. */
export function startError(why: string, diagnostics: string, ociRuntime: string): SandboxError {
  const said = complaint(diagnostics);
  const reason = said === "" ? why : said;
  return new SandboxError("BOX_START_FAILED", `The box did not start: ${reason}.`, {
    remedy: remedyFor(reason, ociRuntime),
    details: { ociRuntime, why },
  });
}

/** runc and crun log in lines with a message in them, runsc in words. */
function complaint(diagnostics: string): string {
  const messages = [...diagnostics.matchAll(/level=(?:error|fatal) msg="((?:[^"\\]|\\.)*)"/g)];
  const text = messages.length > 0 ? messages.map((match) => match[1]).join("; ") : diagnostics;
  return text.replaceAll('\\"', '"').replace(/\s+/g, " ").trim().replace(/\.$/, "").slice(-1_500);
}

function remedyFor(reason: string, ociRuntime: string): string {
  // The supervisor's words.
  if (reason.startsWith(`${ociRuntime}: `)) {
    return `${ociRuntime} is no program for this machine: install it again, or pass another oci({ ociRuntime }).`;
  }
  // runc writes them in two words.
  const mapped = /new([ug]id) ?map/.exec(reason)?.[1];
  if (mapped !== undefined) return remedyForMapper(`new${mapped}map`);
  if (/hybrid/i.test(reason)) return "Pass oci({ ociRuntime: 'runc' }): this one wants cgroups of version 2.";
  if (/user namespace|uid_map|clone|unshare/i.test(reason) && /permitted|denied|invalid/i.test(reason)) {
    return "Allow user namespaces: user.max_user_namespaces must not be 0, and nothing may forbid them.";
  }
  if (/to bus|transient scope/i.test(reason)) {
    return "Make `systemctl --user status` work for this user, or run `loginctl enable-linger` for it as root.";
  }
  if (/memory/i.test(reason)) return "Pass a larger limit of memory.";
  if (/rlimit|nofile/i.test(reason)) return "Pass a lower limit of open files than this program has itself.";
  if (/no space|disk quota/i.test(reason)) return "Free disk space.";
  if (/exec format/i.test(reason)) return "The root is for another processor.";
  if (/cgroup/i.test(reason)) return "Look at what this user may do in /sys/fs/cgroup.";
  return "Try the same with another oci({ ociRuntime }).";
}

function remedyForMapper(name: string): string {
  if (/^NoNewPrivs:\s*1$/m.test(readText("/proc/self/status") ?? "")) {
    return `This program may gain no privileges, which ${name} needs to: leave out NoNewPrivileges= of its service and the like.`;
  }
  return `Run \`apt-get install --reinstall uidmap\` as root: ${name} needs its set-user-ID bit, and a disk that is not mounted nosuid.`;
}
