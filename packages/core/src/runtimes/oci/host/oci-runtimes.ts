import { basename } from "node:path";
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
    throw new SandboxError(
      "ENGINE_NOT_FOUND",
      this.#named === undefined
        ? `There is no OCI runtime on this machine: none of ${known.join(", ")}.`
        : `The OCI runtime ${this.#named} is not on this machine.`,
      {
        remedy: `Install one: \`apt-get install ${packageOf(this.#named)}\`.`,
        details: { absent: this.#named === undefined },
      },
    );
  }
}

function packageOf(name: string | undefined): string {
  return name !== undefined && known.includes(name) ? name : "crun";
}
