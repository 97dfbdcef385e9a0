import { SandboxError } from "../errors.ts";
import type { SandboxErrorCode } from "../errors.ts";
import { isLoss } from "./tool-sessions.ts";
import { nothingRan } from "./tool-outcome.ts";
import type { ToolOutcome, ToolStatus } from "./tool-outcome.ts";

/**
 * The sandbox's own failure, in words that are fit for a model: `message` never holds a path, a stack or a secret of this
 * machine. What really happened is the `cause`, for logs.
 */
export class SandboxToolError extends Error {
  override readonly name: string = "SandboxToolError";
}

/** What the model is told of an error: sentences of our own, chosen by its code, since messages may name paths of this machine. */
export function failureOutcome(error: unknown, replaceable: boolean): ToolOutcome {
  const { status, sentence } = failureOf(error, replaceable);
  const outcome = nothingRan(status, sentence);
  return status === "unavailable" ? { ...outcome, failure: failureError(error, replaceable) } : outcome;
}

/** As `failureOutcome`, as an error for frameworks that tell the model its message; its cause is for logs. */
export function failureError(error: unknown, replaceable: boolean): SandboxToolError {
  return new SandboxToolError(failureOf(error, replaceable).sentence, { cause: error });
}

function failureOf(error: unknown, replaceable: boolean): { status: ToolStatus; sentence: string } {
  const code = SandboxError.is(error) ? error.code : undefined;
  if (code === undefined) return { status: "unavailable", sentence: unavailableText(code) };
  if (isLoss(error)) return { status: "lost", sentence: replaceable ? lostText : endedText };
  if (code === "CONTEXT_CLOSED") return { status: "failed", sentence: contextText };
  const ofFile = fileTexts[code];
  if (ofFile !== undefined) return { status: "failed", sentence: ofFile };
  return { status: "unavailable", sentence: unavailableText(code) };
}

const goneText =
  "The sandbox ended during this call, and everything in it is gone: files, variables and what the call had printed.";
const lostText = `${goneText} The next call gets a new, empty sandbox.`;

const endedText =
  "The sandbox has ended, and everything in it is gone: files, variables and what this call may have printed. It cannot be replaced.";

const contextText =
  "The interpreter ended before this code had its turn: variables are gone, files are still there. Nothing was run; call again to run it.";

function unavailableText(code: SandboxErrorCode | undefined): string {
  if (code === "LIMIT_REACHED") return "Nothing was run: too many sandboxes are in use. Try again later.";
  if (code === "SESSION_NOT_OPEN")
    return "Nothing was run: these tools were closed and have no sandbox any more. Do not call them again.";
  if (code === "UNSUPPORTED") return "Nothing was run: this sandbox cannot do that.";
  if (code === "LANGUAGE_UNAVAILABLE")
    return "Nothing was run: this sandbox has no interpreter for that language.";
  const reason = code === undefined ? "" : ` (${code})`;
  return `The sandbox failed${reason}, which is no fault of the code. Calling again with other code will not help; tell the user.`;
}

/** Failures that are about files of the box: for the model to mend. */
const fileTexts: Partial<Record<SandboxErrorCode, string>> = {
  FILE_NOT_FOUND: "There is no such file or folder in the sandbox.",
  FILE_EXISTS: "There is something at that path already.",
  FILE_TOO_LARGE: "That is too large to be handed over. Read a part of it with code.",
  NOT_A_FILE: "That path is no regular file: it is a folder, or something that cannot be read as a file.",
  NOT_A_DIRECTORY: "That path, or a part of it, is a file and no folder.",
  PERMISSION_DENIED:
    "The sandbox does not permit that at this path, or below it. Files can be written in the working folder and in /tmp.",
  PATH_OUTSIDE: 'That path leads out of the sandbox\'s files by ".." or a link. Use a path without them.',
  DISK_FULL: "The sandbox's disk is full. Remove files first.",
  FILE_ERROR: "The sandbox could not do that with this file.",
};
