import { SandboxError } from "../../../errors.ts";

/** Says what a failed start means, with the OCI runtime's words and a next step. */
export function startError(why: string, diagnostics: string, ociRuntime: string): SandboxError {
  const said = complaint(diagnostics);
  const reason = said === "" ? why : said;
  return new SandboxError("BOX_START_FAILED", `The box did not start: ${reason}.`, {
    remedy: remedyFor(reason),
    details: { ociRuntime, why },
  });
}

/** runc and crun log in lines with a message in them, runsc in words. */
function complaint(diagnostics: string): string {
  const messages = [...diagnostics.matchAll(/level=(?:error|fatal) msg="((?:[^"\\]|\\.)*)"/g)];
  const text = messages.length > 0 ? messages.map((match) => match[1]).join("; ") : diagnostics;
  return text.replaceAll('\\"', '"').replace(/\s+/g, " ").trim().replace(/\.$/, "").slice(-1_500);
}

function remedyFor(reason: string): string {
  if (/hybrid/i.test(reason)) return "Pass oci({ ociRuntime: 'runc' }): this one wants cgroups of version 2.";
  if (
    /user namespace|newuidmap|uid_map|clone|unshare/i.test(reason) &&
    /permitted|denied|invalid/i.test(reason)
  ) {
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
