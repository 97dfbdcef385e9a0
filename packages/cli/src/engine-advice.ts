import { readFileSync } from "node:fs";

interface System {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly isDebian: boolean;
  /** Started by `npm start` in a clone, which brings scripts that install an engine. */
  readonly isClone: boolean;
}

/** The exact next step towards a container engine on this system. */
export function engineAdvice(system: System = thisSystem()): string {
  const { platform, isRoot, isDebian, isClone } = system;
  if (platform === "linux" && isDebian) {
    const join = 'sudo usermod -aG docker "$USER"';
    if (isRoot) {
      return isClone
        ? "Next step:\n  npm start -- --install-engine\nIt installs Docker from the system's own packages, starts it and goes on."
        : "Next step:\n  apt-get install -y docker.io && service docker start";
    }
    return isClone
      ? `Next step (installs Docker from the system's own packages and starts it):\n  sudo bash scripts/engines/docker.sh && ${join} && sg docker -c "npm start"`
      : `Next step:\n  sudo apt-get install -y docker.io && ${join}\nthen log in again.`;
  }
  if (platform === "linux") {
    return "Next step: install Docker or Podman from your distribution's packages and start it\n(for Podman: systemctl --user start podman.socket).";
  }
  if (platform === "darwin") {
    return "Next step: start Docker Desktop, or one of these:\n  brew install colima docker && colima start\n  brew install podman && podman machine init --now";
  }
  return "Next step: install and start Docker Desktop or Podman Desktop.";
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
