import { bytes, count, seconds } from "./result-text.ts";
import type { KnownFacts } from "./session-source.ts";

/** What the description of a tool is made from. */
export interface Described {
  /** Of each language, the first one first. */
  readonly facts: readonly KnownFacts[];
  readonly keepState: boolean;
  readonly maxTimeoutMs: number;
  readonly maxOutputLength: number;
  readonly extraInstructions: string | undefined;
}

/** Languages as people write them. */
const titles: Readonly<Record<string, string>> = {
  python: "Python",
  javascript: "JavaScript (Node.js)",
  typescript: "TypeScript (Node.js)",
  bash: "Bash",
  java: "Java",
  cpp: "C++",
  go: "Go",
  ruby: "Ruby",
};

/** What a model is told of the code tool: only what is known to be so. */
export function describeCode(described: Described): string {
  const { facts, keepState } = described;
  const names = facts.map(({ language }) => titles[language] ?? language).join(" or ");
  return lines([
    `Runs ${names} code in a sandbox and returns what it printed, ${returned(facts)}and the error if it failed.`,
    keepState
      ? "Variables, imports and functions are kept from call to call, as in a notebook. A call that is killed can end the interpreter; the result says so then."
      : "Every call is a fresh process: variables and imports are not kept, so send whole programs. Files are kept.",
    ...facts.flatMap((fact) => describeLibraries(fact, facts.length > 1)),
    "To hand a file to the user, write it to the working folder; the result names the files that a call wrote.",
    ...describeBox(described),
  ]);
}

/** What a model is told of the command tool. */
export function describeCommand(described: Described): string {
  return lines([
    "Runs a shell command (sh) in the sandbox and returns what it printed and its exit code. It sees the same files as the code.",
    "Every call starts in the working folder with a fresh environment. No terminal: programs that ask questions read an end of file.",
    ...describeBox(described),
  ]);
}

/** What a result holds beside the printed text. */
function returned(facts: readonly KnownFacts[]): string {
  const hasValue = ({ language }: KnownFacts): boolean => valued.has(language);
  const value = facts.some(hasValue) ? "its last expression's value, " : "";
  return value + (facts.some(mayDraw) ? "the figures it drew, " : "");
}

const valued: ReadonlySet<string> = new Set(["python", "javascript", "typescript"]);

/** Whether the language's programs can draw, as far as is known. */
function mayDraw({ language, libraries }: KnownFacts): boolean {
  return language === "python" && (!libraries?.certain || libraries.names.includes("matplotlib"));
}

function describeLibraries({ language, libraries }: KnownFacts, isNamed: boolean): string[] {
  if (libraries === undefined) return [];
  const where = isNamed ? ` for ${titles[language] ?? language}` : "";
  if (libraries.names.length === 0) return [`Only the standard library is installed${where}.`];
  const names = libraries.names.join(", ");
  return libraries.certain
    ? [`Installed${where} beside the standard library: ${names}.`]
    : [`Usually installed${where} beside the standard library: ${names}. If an import fails, do without.`];
}

/** The sentences about the box that every tool with a running program has. */
function describeBox({ facts, maxTimeoutMs, maxOutputLength, extraInstructions }: Described): string[] {
  const [first] = facts;
  const { workspace, network, limits, timeoutMs } = first!;
  const separate = facts.length > 1 ? " Each language has a sandbox of its own: they share no files." : "";
  return [
    `The working folder is ${workspace}.${separate}`,
    ...(network === undefined ? [] : [networkTexts[network]]),
    timeoutMs === undefined
      ? `A call may ask for at most ${seconds(maxTimeoutMs)} by timeout_ms.`
      : `A call is stopped after ${seconds(timeoutMs)} unless timeout_ms says otherwise; at most ${seconds(maxTimeoutMs)}.`,
    ...(limits === undefined
      ? []
      : [
          `${bytes(limits.memoryBytes)} of memory, ${bytes(limits.diskBytes)} of disk, ${count(limits.cpus, "processor core")}.`,
        ]),
    `Output over ${maxOutputLength.toLocaleString("en")} characters loses its middle: print summaries, keep data in files.`,
    "Lines that begin with [sandbox: are the sandbox's own; everything else is what the program printed.",
    ...(extraInstructions === undefined ? [] : [extraInstructions]),
  ];
}

const networkTexts = {
  none: "There is no network: nothing can be downloaded or installed.",
  full: "The network can be reached.",
} as const;

function lines(sentences: readonly string[]): string {
  return sentences.join("\n");
}
