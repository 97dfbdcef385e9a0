/** What a kernel is asked to run (protocol.md, "Kernels"). */
export interface Job {
  readonly id: number;
  readonly mode: "script" | "context";
  readonly code: string;
  readonly filename: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** The job as the line that a kernel reads. */
export function encodeJob(job: Job): Buffer {
  return Buffer.from(`${JSON.stringify({ type: "run", ...job })}\n`, "utf8");
}
