import { SandboxError } from "../errors.ts";
import type { SandboxErrorCode } from "../errors.ts";
import type { Channel, ChannelHandlers } from "../stream/channel.ts";
import type { Connection } from "../stream/connection.ts";
import { FrameError, maxPayloadBytes } from "../stream/frame.ts";
import { asMessage, stringField } from "../stream/message.ts";
import type { Message } from "../stream/message.ts";
import { graceMs } from "./guard.ts";

export interface OperationOptions extends ChannelHandlers {
  readonly signal?: AbortSignal | undefined;
  /** Sends what the operation uploads on stream 0; its failure cancels the operation. */
  readonly upload?: (channel: Channel) => Promise<void>;
}

/** Runs one operation to its result. Rejects with the signal's reason, or with the SandboxError for the agent's error. */
export async function operate(
  connection: Connection,
  operation: object,
  options: OperationOptions = {},
): Promise<Message> {
  options.signal?.throwIfAborted();
  const channel = connection.request(operation, options);
  let patience: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    channel.control({ op: "cancel" });
    patience ??= setTimeout(() => {
      if (channel.open) connection.judge(new FrameError("A cancelled operation did not end."));
    }, graceMs);
  };
  options.signal?.addEventListener("abort", cancel, { once: true });
  let failedUpload: { readonly error: unknown } | undefined;
  try {
    const uploaded = options.upload?.(channel).catch((error: unknown) => {
      // An upload that fails because the operation has ended is not why it ended.
      if (!channel.open) return;
      failedUpload = { error };
      cancel();
    });
    const result = await channel.result;
    if (result["error"] === undefined) await uploaded;
    options.signal?.throwIfAborted();
    if (failedUpload) throw failedUpload.error;
    throwIfFailed(result);
    return result;
  } catch (error) {
    throw connection.judge(error);
  } finally {
    clearTimeout(patience);
    options.signal?.removeEventListener("abort", cancel);
  }
}

/** Throws the SandboxError that a RESULT with an `error` stands for. */
export function throwIfFailed(result: Message): void {
  if (result["error"] === undefined) return;
  throw operationError(result["error"]);
}

/** The error code in a RESULT, or undefined where it is a success. */
export function failureCode(result: Message): string | undefined {
  if (result["error"] === undefined) return undefined;
  return stringField(asMessage(result["error"]), "code", 100) ?? "EPROTO";
}

/** An error for a path of thousands of characters is still one to be read. */
const mostMessageCharacters = 600;

interface Meaning {
  readonly code: SandboxErrorCode;
  readonly remedy: string;
}

const notTheUsers =
  "The box's user may write in the workspace and in /tmp, and go where the permissions of files and folders let it.";

const meanings: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: "FILE_NOT_FOUND", remedy: "Check the path; relative paths start at the workspace." },
  EEXIST: { code: "FILE_EXISTS", remedy: "Choose another name, or remove what is there first." },
  EISDIR: { code: "NOT_A_FILE", remedy: "Name a file, not a folder." },
  EINVAL: { code: "NOT_A_FILE", remedy: "Only regular files can be read and written." },
  ENOTDIR: { code: "NOT_A_DIRECTORY", remedy: "Name a folder." },
  ENOTEMPTY: { code: "FILE_ERROR", remedy: "Pass { recursive: true } to remove a folder with its content." },
  EACCES: { code: "PERMISSION_DENIED", remedy: notTheUsers },
  EPERM: { code: "PERMISSION_DENIED", remedy: notTheUsers },
  EROFS: { code: "PERMISSION_DENIED", remedy: "Files can be written in the workspace and in /tmp." },
  EESCAPE: { code: "PATH_OUTSIDE", remedy: "Name the real file: links are never followed." },
  ELOOP: { code: "PATH_OUTSIDE", remedy: "Name the real file: links are never followed." },
  EARCHIVE: {
    code: "ARCHIVE_REJECTED",
    remedy: "Make the archive again with plain files, folders and inner links.",
  },
  ENOSPC: {
    code: "DISK_FULL",
    remedy: "Remove files, or open the session with larger limits.diskBytes or limits.diskEntries.",
  },
  ENAMETOOLONG: { code: "INVALID_OPTION", remedy: "A name may have 255 bytes." },
  E2BIG: {
    code: "INVALID_OPTION",
    remedy: "One argument or variable may have 128 KiB: pass large values in a file, or on standard input.",
  },
  EDQUOT: { code: "DISK_FULL", remedy: "Remove files, or open the session with larger limits." },
  EFBIG: {
    code: "FILE_TOO_LARGE",
    remedy: "Split the file, or open the session with larger limits.diskBytes.",
  },
  ETOOBIG: { code: "FILE_TOO_LARGE", remedy: "Raise the limit that was passed, or ask for less." },
  ECANCELED: { code: "FILE_ERROR", remedy: "The operation was cancelled; call it again." },
};

function operationError(value: unknown): SandboxError {
  const error = asMessage(value);
  const code = stringField(error, "code", 100);
  const message = stringField(error, "message", maxPayloadBytes);
  if (code === null || message === null) throw new FrameError("An error has no code or no message.");
  const path = stringField(error, "path", maxPayloadBytes);
  const meaning = Object.hasOwn(meanings, code) ? meanings[code]! : undefined;
  const text = path === null || message.includes(path) ? message : `${message}: ${path}`;
  return new SandboxError(meaning?.code ?? "FILE_ERROR", sentence(clipped(text)), {
    remedy: meaning?.remedy ?? `The system's code for it is ${code}.`,
    details: { code, ...(path === null ? {} : { path }) },
  });
}

function clipped(text: string): string {
  return text.length > mostMessageCharacters ? `${text.slice(0, mostMessageCharacters)}…` : text;
}

function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
