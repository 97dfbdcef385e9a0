import { readFileSync } from "node:fs";

interface System {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly isDebian: boolean;
  /** Started by `npm start` in a clone, which brings scripts that install an engine. */
  readonly isClone: boolean;
}

/** The next step towards an engine where a clone can take it by itself; undefined elsewhere. */
export function engineAdvice(system: System = thisSystem()): string | undefined {
  const { platform, isRoot, isDebian, isClone } = system;
  if (platform !== "linux" || !isDebian || !isClone) return undefined;
  const what = "installs Docker from the system's own packages and starts it";
  return isRoot
    ? `Next step (${what}, then goes on):\n  npm start -- --install-engine`
    : `Next step (${what}):\n  sudo bash scripts/engines/docker.sh && sudo usermod -aG docker "$USER" && sg docker -c "npm start"`;
}

function thisSystem(): System {
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    isDebian: isDebianLike(),
    isClone: process.env.LLM_SANDBOX_COMMAND !== undefined,
  };
}

function isDebianLike(): boolean {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}
