import { SandboxError } from "../../../errors.ts";
import type { Candidate, Surroundings } from "./candidate.ts";
import { chosenEngineRemedy, readableReason } from "./chosen-engine-remedy.ts";

/** One place that was no engine. */
export interface Attempt {
  readonly source: string;
  readonly address: string;
  readonly reason: string;
  /** There is nothing at all at that place. */
  readonly missing: boolean;
  /** Something was there once, but nothing listens. */
  readonly stopped: boolean;
  /** Something is there, but not for this user. */
  readonly denied: boolean;
}

/** ENGINE_NOT_FOUND: what was tried, why each failed, and what to do next on this system. */
export function noEngineError(
  attempts: readonly Attempt[],
  surroundings: Surroundings,
  chosen: Candidate | null,
): SandboxError {
  const lines = attempts.map(
    ({ source, address, reason }) =>
      `  - ${source}${address === "" ? "" : ` (${address})`}: ${readableReason(reason)}`,
  );
  const head = chosen
    ? `The engine named by ${chosen.source} does not answer, and no other was tried:`
    : "No Docker or Podman engine answers. Tried:";
  return new SandboxError("ENGINE_NOT_FOUND", `${head}\n${lines.join("\n")}\n`, {
    remedy: nextStep(attempts, surroundings, chosen),
    details: {
      tried: attempts,
      chosen: chosen !== null,
      absent: !chosen && attempts.every(({ missing, stopped }) => missing || stopped),
    },
  });
}

function nextStep(
  attempts: readonly Attempt[],
  { platform, uid }: Surroundings,
  chosen: Candidate | null,
): string {
  if (attempts.some(({ denied }) => denied)) {
    return "An engine is there, but you may not use it: run `sudo usermod -aG docker $USER` and log in again.";
  }
  const [first] = attempts;
  if (chosen && first) {
    return chosen.target instanceof Error && chosen.target.remedy
      ? chosen.target.remedy
      : chosenEngineRemedy(first.reason);
  }
  if (platform === "darwin") {
    return "Start Docker Desktop, or: `brew install colima docker && colima start`.";
  }
  if (platform === "win32") return "Start Docker Desktop, or: `podman machine init --now`.";
  if (attempts.some(({ missing }) => !missing)) {
    return "Start the engine: `sudo systemctl start docker`.";
  }
  const sudo = uid === 0 ? "" : "sudo ";
  return `Install and start one; on Debian or Ubuntu: \`${sudo}apt-get install -y docker.io && ${sudo}systemctl start docker\`.`;
}
