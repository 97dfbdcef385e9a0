import type { ConformanceCase } from "./conformance-case.ts";
import { faultCases } from "./faults.ts";
import { fileCases } from "./files.ts";
import { inputCases } from "./input.ts";
import { isolationCases } from "./isolation.ts";
import { kernelSurfaceCases } from "./kernel-surface.ts";
import { languageCases } from "./languages.ts";
import { outputCases } from "./output.ts";
import { processCases } from "./processes.ts";
import { resourceCases } from "./resources.ts";

export interface CaseCategory {
  readonly title: string;
  readonly cases: readonly ConformanceCase[];
}

/** Every case, by category. */
export const conformanceCases: readonly CaseCategory[] = [
  { title: "A. Resources", cases: resourceCases },
  { title: "B. Output", cases: outputCases },
  { title: "C. Processes", cases: processCases },
  { title: "D. Faults", cases: faultCases },
  { title: "E. Files", cases: fileCases },
  { title: "F. Input", cases: inputCases },
  { title: "G. Isolation", cases: [...isolationCases, ...kernelSurfaceCases] },
  { title: "L. Languages", cases: languageCases },
];
