/** The `spawn` operation of the protocol. */
export interface SpawnRequest {
  /** May be left out with `from`: then what was prepared under that name is started, whose kernel need not be sent each time. */
  readonly argv?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd: string;
  readonly stdin: "null" | "stream";
  readonly structured?: boolean;
  readonly timeoutMs?: number | undefined;
  /** Take a prepared process of this name when there is one. */
  readonly from?: string | undefined;
}

/** Streams of a spawned process on its channel. */
export const ProcessStream = { stdin: 0, stdout: 1, stderr: 2, structured: 3 } as const;
