export { SandboxSession } from "./session.ts";
export type { CopyFromOptions, SignalOption } from "./session.ts";
export type { SessionFacts } from "./session-facts.ts";
export type { SandboxSessionOptions } from "./session-options.ts";
export type { CommandOptions, Input, RunOptions, SpawnOptions } from "./run-options.ts";
export { RunningCode } from "./running-code.ts";
export { Context } from "./context.ts";
export type { ContextRunOptions } from "./context.ts";
export { BoxProcess } from "./box/box-process.ts";
export type { SignalName } from "./box/signal-name.ts";
export type { ProcessEnd } from "./box/process-end.ts";
export type { OutputListener } from "./box/outputs.ts";
export type { CopyReport, SkippedEntry } from "./box/copy-limits.ts";
export { SessionFiles } from "./box/session-files.ts";
export type { FileContent, FileEntry, FileOptions } from "./box/session-files.ts";
export { auto, isAbsent, runtimeOfEnvironment } from "./auto.ts";
export type { AutoOptions } from "./auto.ts";
export { knownRuntimes } from "./known-runtimes.ts";
export type { KnownRuntime, RuntimeName } from "./known-runtimes.ts";
export { SandboxError } from "./errors.ts";
export type { SandboxErrorCode, SandboxErrorOptions } from "./errors.ts";
export type {
  ChangedFile,
  CommandResult,
  ExecutionError,
  ExecutionResult,
  OutputChunk,
  OutputStream,
  RichOutput,
  Status,
  Truncation,
  Usage,
} from "./execution.ts";
export type { Logger } from "./logger.ts";
export { findLanguage, languageOfFile, languages } from "./languages/index.ts";
export type { Kernel, Language, Program, ProgramFiles } from "./language.ts";
export type {
  Box,
  BoxExit,
  BoxIdentity,
  BoxSpec,
  ImageSource,
  LaunchOptions,
  Limits,
  Network,
  ProbeOptions,
  Progress,
  Removable,
  Runtime,
  RuntimeFeatures,
  SaveTemplateRequest,
  Template,
} from "./runtime.ts";
