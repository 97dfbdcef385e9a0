import type { ConformanceCase } from "./conformance-case.ts";
import { faultCases } from "./faults.ts";
import { fileChangeCases } from "./files-changes.ts";
import { fileRaceCases } from "./files-races.ts";
import { fileCopyCases } from "./files-copies.ts";
import { filePathCases } from "./files-paths.ts";
import { inputCases } from "./input.ts";
import { agentIsolationCases } from "./isolation-agent.ts";
import { runIsolationCases } from "./isolation-runs.ts";
import { neighbourIsolationCases } from "./isolation-neighbours.ts";
import { boxIsolationCases } from "./isolation-box.ts";
import { kernelSurfaceCases } from "./kernel-surface.ts";
import { languageCases } from "./languages.ts";
import { outputCases } from "./output.ts";
import { cancellingCases } from "./processes-cancelling.ts";
import { endingCases } from "./processes-endings.ts";
import { killingCases } from "./processes-killing.ts";
import { memoryCases } from "./resources-memory.ts";
import { diskCases } from "./resources-disk.ts";
import { processLimitCases } from "./resources-processes.ts";

export interface CaseCategory {
  readonly title: string;
  readonly cases: readonly ConformanceCase[];
}

/** Every case, by category. */
export const conformanceCases: readonly CaseCategory[] = [
  { title: "A. Resources", cases: [...memoryCases, ...diskCases, ...processLimitCases] },
  { title: "B. Output", cases: outputCases },
  { title: "C. Processes", cases: [...endingCases, ...killingCases, ...cancellingCases] },
  { title: "D. Faults", cases: faultCases },
  { title: "E. Files", cases: [...filePathCases, ...fileCopyCases, ...fileRaceCases, ...fileChangeCases] },
  { title: "F. Input", cases: inputCases },
  {
    title: "G. Isolation",
    cases: [
      ...agentIsolationCases,
      ...runIsolationCases,
      ...neighbourIsolationCases,
      ...boxIsolationCases,
      ...kernelSurfaceCases,
    ],
  },
  { title: "L. Languages", cases: languageCases },
];
