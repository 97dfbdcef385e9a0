/** What went wrong, as a word a program can branch on. */
export type SandboxErrorCode =
  | "INVALID_OPTION"
  | "UNKNOWN_LANGUAGE"
  | "LANGUAGE_UNAVAILABLE"
  | "UNSUPPORTED"
  | "ENGINE_NOT_FOUND"
  | "ENGINE_ERROR"
  | "ENGINE_TIMEOUT"
  | "IMAGE_NOT_FOUND"
  | "IMAGE_PLATFORM"
  | "IMAGE_BUILD_FAILED"
  | "BOX_START_FAILED"
  | "BOX_LOST"
  | "PROTOCOL_ERROR"
  | "SESSION_NOT_OPEN"
  | "SESSION_CLOSED"
  | "CONTEXT_CLOSED"
  | "COMMAND_NOT_FOUND"
  | "FILE_NOT_FOUND"
  | "FILE_EXISTS"
  | "FILE_TOO_LARGE"
  | "NOT_A_FILE"
  | "NOT_A_DIRECTORY"
  | "PERMISSION_DENIED"
  | "PATH_OUTSIDE"
  | "ARCHIVE_REJECTED"
  | "DISK_FULL"
  | "FILE_ERROR"
  | "LIMIT_REACHED";

export interface SandboxErrorOptions {
  /** One sentence that says what to do next. */
  readonly remedy?: string;
  readonly cause?: unknown;
  /** Facts for a log; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The sandbox's own failure. The user's failing code is never one: that is a result.
 * `message` ends with the remedy, so that a bare `console.error(error.message)` already helps.
 */
export class SandboxError extends Error {
  override readonly name: string = "SandboxError";
  readonly code: SandboxErrorCode;
  readonly remedy: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: SandboxErrorCode, message: string, options: SandboxErrorOptions = {}) {
    super(
      options.remedy ? `${message}${message.endsWith("\n") ? "" : " "}${options.remedy}` : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
  }

  /** True for a SandboxError, also one from another copy of this package; with a code, only for that code. */
  static is(value: unknown, code?: SandboxErrorCode): value is SandboxError {
    return (
      value instanceof Error &&
      value.name === "SandboxError" &&
      "code" in value &&
      (code === undefined || value.code === code)
    );
  }
}

/** The same error with more details, or with another remedy in its message; the error itself is the cause. */
export function amended(
  error: SandboxError,
  { remedy = error.remedy, details }: Pick<SandboxErrorOptions, "remedy" | "details">,
): SandboxError {
  const { message } = error;
  const own = error.remedy === undefined ? message : message.slice(0, -error.remedy.length).replace(/ $/, "");
  return new SandboxError(error.code, own, {
    ...(remedy === undefined ? {} : { remedy }),
    details: { ...error.details, ...details },
    cause: error,
  });
}
