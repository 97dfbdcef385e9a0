import type { Language } from "./language.ts";
import type { ImageSource, Limits, Network, Runtime } from "./runtime.ts";

/** What the code of a session may count on. */
export interface SessionFacts {
  /** The language that `run` takes. */
  readonly language: string;
  /** Whether the language keeps state between runs in a context. */
  readonly contexts: boolean;
  /** Absolute path of the working folder in the box. */
  readonly workspace: string;
  readonly limits: Limits;
  readonly network: Network;
  /** Time limit of a run that names none, in milliseconds. */
  readonly timeoutMs: number;
  /** What the box is made from; `language` is the default image. */
  readonly image: ImageSource["kind"];
  /**
   * What can be imported beside the language's own. `certain` is false while no runtime was chosen, which may have less;
   * undefined where nobody can tell, such as for images of the owner's.
   */
  readonly libraries: { readonly names: readonly string[]; readonly certain: boolean } | undefined;
  /** The runtime's name; undefined while none was chosen yet. */
  readonly runtime: string | undefined;
}

/** What the language's default image brings along, or the runtime in place of it. */
export function librariesOf(language: Language, runtime: Runtime | undefined): SessionFacts["libraries"] {
  const { libraries } = language;
  if (libraries === undefined) return undefined;
  return { names: runtime?.features.libraries === false ? [] : libraries, certain: runtime !== undefined };
}
