import type { ExecutionError } from "./execution.ts";

/** A language is data: how its code is run. Nothing here knows a runtime. */
export interface Language {
  /** `python`. */
  readonly name: string;
  /** Other names people write: `py`. */
  readonly aliases: readonly string[];
  /** With the dot; the first is written: `.py`. */
  readonly extensions: readonly string[];
  /** Folder under `images/` with the default image's Dockerfile. */
  readonly imageFolder: string;
  /** What can be imported in the default image beside the language's own: for people and models. */
  readonly libraries?: readonly string[];
  /** Added to the environment of everything that runs in a box of this language. */
  readonly env?: Readonly<Record<string, string>>;
  /** Interpreted languages: a program that reads jobs from fd 3 (protocol.md, "Kernels"). */
  readonly kernel?: Kernel;
  /** Everything else: whole programs with the stock toolchain. Exactly one of `kernel` and `program` is there. */
  readonly program?: Program;
}

export interface Kernel {
  /** Command line that runs the kernel; the script itself is one of its arguments, so that it needs no file in the box. */
  readonly argv: readonly string[];
  /** How processes are kept ready: forked from a prepared one, started ahead, or not at all. */
  readonly warm: "fork" | "spare" | "none";
  /** Whether `createContext()` works. */
  readonly contexts: boolean;
  /** More fork servers, which have libraries imported that take long; each starts once some code wants it. */
  readonly forks?: readonly PreparedFork[];
  /** What must be in the image, for the error when `argv[0]` is not there: `Python 3.8 or newer (python3)`. */
  readonly requires: string;
}

/** A fork server of its own beside a language's first one, of the same command line. */
export interface PreparedFork {
  /** Unique in the box: `python-science`. */
  readonly name: string;
  /** Whether a run of this code would be quicker from here. */
  wants(code: string): boolean;
  /** The server's own environment, from the image's. */
  env(image: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** A box of less memory goes without. */
  readonly leastMemoryBytes: number;
}

export interface Program {
  /** The source file's name, from the source: Java's comes from the public class. */
  fileName(code: string): string;
  /** Turns sources into something that runs; a step that fails ends the run as `CompileError`. */
  readonly build: (files: ProgramFiles) => readonly (readonly string[])[];
  /** Faster steps instead of `build`, for images that were made ready for them: taken when `file` is in the box. */
  readonly prepared?: {
    readonly file: string;
    readonly build: (files: ProgramFiles) => readonly (readonly string[])[];
  };
  readonly run: (files: ProgramFiles) => readonly string[];
  /** The uncaught error that a failed program has printed, or null when it has told of none. */
  readonly failure?: (program: FailedProgram) => ExecutionError | null;
  readonly requires: string;
}

/** A program that was built and has failed. Its output may say anything. */
export interface FailedProgram {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** With the user's file named as in `source`. */
  readonly stderr: string;
  /** The source file's name. */
  readonly source: string;
}

/**
 * Where a program is built and run. Build steps are started in `folder`, so that compilers name the user's file
 * and not our folder; the program itself is started in `cwd`.
 */
export interface ProgramFiles {
  /** The source file's name in `folder`. */
  readonly source: string;
  /** Absolute path of a folder of this run alone, writable and executable; removed after it. */
  readonly folder: string;
  /** Absolute path of the folder the user's code works in. */
  readonly cwd: string;
  /** The source text. */
  readonly code: string;
}

/** Defines a language; the identity function, for completion and checking. */
export function defineLanguage(language: Language): Language {
  return language;
}
