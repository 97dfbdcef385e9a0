import type { SampleLanguage } from "../../languages/samples.ts";
import type { SandboxSession } from "../../session.ts";
import type { SandboxSessionOptions } from "../../session-options.ts";
import type { Runtime } from "../../runtime.ts";

/** A language that cases are written in. */
export type CaseLanguage = SampleLanguage;

/** What a case may ask of a session; the runtime and the image are the bench's to choose. */
export interface CaseSessionOptions extends Omit<
  SandboxSessionOptions,
  "lang" | "runtime" | "image" | "dockerfile"
> {
  readonly lang?: CaseLanguage;
  /** In place of the runtime under test: one that wraps it. */
  readonly runtime?: Runtime;
}

/** What a case works with. All that it opened is closed when it ends, however it ends. */
export interface Bench {
  readonly runtime: Runtime;
  /** A word in this process's environment that no box may ever see. */
  readonly secret: string;
  /** A session that other cases use too, one after the other: for programs that do it no harm. */
  shared(options?: CaseSessionOptions): Promise<SandboxSession>;
  /** A session of this case alone. */
  open(options?: CaseSessionOptions): Promise<SandboxSession>;
  /** The options of `open` for a case that opens sessions itself. */
  options(options?: CaseSessionOptions): SandboxSessionOptions;
  /** An empty folder on this machine. */
  folder(): Promise<string>;
}

/** One attack, and what a user of the library sees of it. Rejects when the promise is broken. */
export interface ConformanceCase {
  /** `A/fork-bomb`: the category of docs and a name; exceptions are declared by it. */
  readonly id: string;
  /** What holds, as a sentence without a full stop. */
  readonly title: string;
  /** True when other cases would disturb what it measures. */
  readonly alone?: boolean;
  /** How long it may take at most, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number;
  run(bench: Bench): Promise<void>;
}
