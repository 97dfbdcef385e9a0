import { readFileSync } from "node:fs";

/** What a process has used, as far as this machine tells. */
export interface MemoryUse {
  readonly peakBytes: number | null;
  readonly cpuMs: number | null;
}

const everyMs = 50;
/** Linux counts processor time in hundredths of a second for programs that read it. */
const tickMs = 10;

/** Looks at a process's resident memory and calls when it is over the limit. Only Linux tells; elsewhere nothing happens. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  readonly #startTicks: number | null;
  #peakBytes: number | null = null;
  #ticks: number | null = null;
  #stopped = false;

  constructor(pid: number, limitBytes: number, over: () => void) {
    this.#pid = pid;
    this.#startTicks = this.#ticks = cpuTicks(pid);
    this.#timer = setInterval(() => {
      const bytes = this.#look();
      if (bytes !== null && bytes > limitBytes) over();
    }, everyMs);
  }

  /** The last look; then it looks no more, however often it is asked. */
  stop(): MemoryUse {
    clearInterval(this.#timer);
    if (!this.#stopped) this.#look();
    this.#stopped = true;
    const ticks = this.#ticks === null || this.#startTicks === null ? null : this.#ticks - this.#startTicks;
    return { peakBytes: this.#peakBytes, cpuMs: ticks === null ? null : ticks * tickMs };
  }

  #look(): number | null {
    const status = read(`/proc/${this.#pid}/status`);
    const resident = field(status, "VmRSS");
    const peak = field(status, "VmHWM");
    if (peak !== null) this.#peakBytes = Math.max(this.#peakBytes ?? 0, peak);
    this.#ticks = cpuTicks(this.#pid) ?? this.#ticks;
    return resident;
  }
}

/** A field of /proc/…/status, in bytes. */
function field(status: string | null, name: string): number | null {
  const found = status && new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1];
  return found ? Number(found) * 1_024 : null;
}

function cpuTicks(pid: number): number | null {
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /, "")
    .split(" ");
  return fields ? Number(fields[11]) + Number(fields[12]) : null;
}

function read(path: string): string | null {
  if (process.platform !== "linux") return null;
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
