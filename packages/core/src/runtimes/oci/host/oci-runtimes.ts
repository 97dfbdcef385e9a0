import { statSync } from "node:fs";
import { basename, isAbsolute } from "node:path";
import { amended, SandboxError } from "../../../errors.ts";
import type { Logger } from "../../../logger.ts";
import { findProgram } from "./find-program.ts";

/** The quickest first; which of them works on a machine is found out by trying. gVisor needs root. */
const known = ["crun", "runc", "youki", ...(process.getuid?.() === 0 ? ["runsc"] : [])];

/** Chooses the OCI runtime: the one that was named, or the first of this machine's that manages to start a box. */
export class OciRuntimes {
  readonly #named: string | undefined;
  #chosen: string | null = null;

  constructor(named: string | undefined) {
    this.#named = named;
  }

  /** Throws ENGINE_NOT_FOUND when there is none to choose from. */
  check(): void {
    this.#candidates();
  }

  /** For a person: the one that is used, or those that will be tried. */
  describe(): string {
    return this.#chosen ?? this.#candidates().join(" or ");
  }

  /** Does the work with the chosen one; while none is chosen, with one after the other until it succeeds. */
  async use<Answer>(logger: Logger, work: (path: string) => Promise<Answer>): Promise<Answer> {
    if (this.#chosen !== null) return work(this.#chosen);
    const candidates = this.#candidates();
    const failures: string[] = [];
    for (const [index, path] of candidates.entries()) {
      try {
        const answer = await work(path);
        this.#chosen = path;
        return answer;
      } catch (error) {
        const passed = SandboxError.is(error, "BOX_START_FAILED") || SandboxError.is(error, "UNSUPPORTED");
        if (!passed || index === candidates.length - 1) {
          if (failures.length === 0 || !SandboxError.is(error)) throw error;
          throw amended(error, { details: { tried: failures } });
        }
        failures.push(`${path}: ${error.message}`);
        logger.info(`${basename(path)} does not work here: ${error.message}`);
      }
    }
    throw new Error("unreachable: there is at least one candidate");
  }

  #candidates(): readonly [string, ...string[]] {
    const names = this.#named === undefined ? known : [this.#named];
    const [first, ...rest] = names.map(findProgram).filter((path) => path !== null);
    if (first !== undefined) return [first, ...rest];
    throw this.#named === undefined ? withoutAny() : withoutNamed(this.#named);
  }
}

function withoutAny(): SandboxError {
  return new SandboxError(
    "ENGINE_NOT_FOUND",
    `There is no OCI runtime on this machine: none of ${known.join(", ")}.`,
    { remedy: "Install one: `apt-get install crun`.", details: { absent: true } },
  );
}

function withoutNamed(name: string): SandboxError {
  const refused = (what: string, remedy: string) =>
    new SandboxError("ENGINE_NOT_FOUND", `The OCI runtime ${name} ${what}.`, {
      remedy,
      details: { absent: false },
    });
  const mode = isAbsolute(name) ? modeOf(name) : null;
  if (mode === null) {
    return refused(
      "is not on this machine",
      toGet.get(basename(name)) ?? "Install one: `apt-get install crun`.",
    );
  }
  if (mode !== "closed" && (mode & 0o111) === 0) {
    return refused("cannot be executed", `Run \`chmod +x ${name}\`.`);
  }
  return refused(
    "cannot be executed",
    "Let this user execute it; on a disk that is mounted noexec nobody can.",
  );
}

/** The permissions of a file; null for none, `closed` where this user may not look. */
function modeOf(path: string): number | null | "closed" {
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    return facts?.isFile() ? facts.mode : null;
  } catch {
    return "closed";
  }
}

const toGet: ReadonlyMap<string, string> = new Map([
  ["crun", "Run `apt-get install crun` as root."],
  ["runc", "Run `apt-get install runc` as root."],
  // Debian's is of 2022.
  [
    "runsc",
    'Run `CGO_ENABLED=0 go install -ldflags "-s -w" gvisor.dev/gvisor/runsc@v0.0.0-20260905035102-160fafc42237`, and put it into PATH.',
  ],
  ["youki", "Debian has no package of it: get it from its project, or leave out oci({ ociRuntime })."],
]);
