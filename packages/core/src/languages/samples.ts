import { samples as bash } from "./bash/samples.ts";
import { samples as cpp } from "./cpp/samples.ts";
import { samples as go } from "./go/samples.ts";
import { samples as java } from "./java/samples.ts";
import { samples as javascript } from "./javascript/samples.ts";
import { samples as python } from "./python/samples.ts";
import { samples as ruby } from "./ruby/samples.ts";
import type { Sample } from "./sample.ts";
import { samples as typescript } from "./typescript/samples.ts";

/** A language that has samples: every one. */
export type SampleLanguage = "python" | "javascript" | "typescript" | "bash" | "java" | "cpp" | "go" | "ruby";

/** The sample programs of every language by its name. */
export const languageSamples: Readonly<Record<SampleLanguage, readonly Sample[]>> = {
  python,
  javascript,
  typescript,
  bash,
  java,
  cpp,
  go,
  ruby,
};
