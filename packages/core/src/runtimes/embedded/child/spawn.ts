import { call } from "./wire.ts";

/** What a child is to become: one process of the session. */
export interface ProcessSpec {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly mostOpenFiles: number;
  /** The language whose kernel it is: jobs come on the structured stream. */
  readonly kernel: string | null;
}

/** How a child gets ready. */
export interface BootSpec {
  readonly role: "python" | "javascript" | "bash" | "snapshot";
  /** Folder of Pyodide, with a slash at the end. */
  readonly pyodide: string;
  /** File with the memory of a Python that has started, or null. */
  readonly snapshot: string | null;
  /** Of Python the kernel's start.py, of JavaScript the kernel. */
  readonly kernel: string;
}

/** Waits until this child is given a process to become. */
export function take(): ProcessSpec {
  return call({ op: "take" }).value as unknown as ProcessSpec;
}
