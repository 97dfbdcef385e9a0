import nodeProcess from "node:process";
import { inspect } from "node:util";
import { withOwnFrames } from "./node-stack.ts";
import { leave, sendData } from "./wire.ts";

/** Node's process, as far as it is changed or asked here. */
export const process = nodeProcess as unknown as Record<string, unknown> & {
  emit(event: string, ...given: unknown[]): boolean;
  listenerCount(event: string): number;
  listeners(event: string): ((...given: unknown[]) => unknown)[];
  removeListener(event: string, listener: (...given: unknown[]) => unknown): void;
  exitCode: number | undefined;
};

const encoder = new TextEncoder();
/** Errors that stand for what was thrown, with the frames that Node's have. */
const made = new WeakSet<Error>();
/** Where something was thrown that is no error. */
const places = new WeakMap<object, string>();
let exiting = false;

/** `process.exit`: listeners are told once, then the process ends. */
export function exit(code: number | string | undefined = process.exitCode): never {
  if (code !== undefined) process.exitCode = Number(code);
  if (!exiting) {
    exiting = true;
    try {
      process.emit("exit", process.exitCode ?? 0);
    } catch (error) {
      report(error);
      leave(7);
    }
  }
  return leave((process.exitCode ?? 0) & 0xff);
}

/** Errors that nobody has caught, as Node treats and prints them. */
export function useErrors(): void {
  const listen = (globalThis as unknown as EventTarget).addEventListener.bind(globalThis);
  listen("unload", () => exit());
  listen("error", (event) => {
    keepFromDeno(event);
    fail(withoutPlace((event as unknown as { error: unknown }).error), "uncaughtException");
  });
  listen("unhandledrejection", (event) => {
    keepFromDeno(event);
    const { reason, promise } = event as unknown as { reason: unknown; promise: unknown };
    if (process.listenerCount("unhandledRejection") > 0) process.emit("unhandledRejection", reason, promise);
    else fail(reason instanceof Error ? reason : unhandled(reason), "unhandledRejection");
  });
}

/** Deno's own listener would tell the program's listeners a second time. */
function keepFromDeno(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

function fail(error: unknown, origin: string): void {
  if (error instanceof Error && typeof error.stack === "string" && !made.has(error)) tidy(error);
  process.emit("uncaughtExceptionMonitor", error, origin);
  if (process.listenerCount("uncaughtException") > 0) {
    process.emit("uncaughtException", error, origin);
    return;
  }
  report(error);
  process.exitCode = 1;
  exit(1);
}

/** The program's own frames; the place of a missing export stands where Node has it. */
function tidy(error: Error): void {
  const [all, message, place] = /^(The requested module .*) at (\S+:\d+):\d+$/.exec(error.message) ?? [];
  if (all !== undefined) {
    const stack = error.stack!.replace(all, message!);
    error.message = message!;
    error.stack = `${place}\n\n${stack}`;
  }
  error.stack = withOwnFrames(error.stack!);
}

/** Deno writes the place of a `throw` to whatever was thrown, as its stack. */
function withoutPlace(thrown: unknown): unknown {
  const { stack } = Object(thrown) as { stack?: unknown };
  const place = typeof stack === "string" && /^.*\n.*\n\s*\^+\n\n/.exec(stack)?.[0];
  if (!place || thrown instanceof Error) return thrown;
  Reflect.deleteProperty(thrown as object, "stack");
  places.set(thrown as object, place);
  return thrown;
}

/** What Node makes of a promise that was rejected with something else than an error. */
function unhandled(reason: unknown): Error {
  const isObject = typeof reason === "object" && reason !== null;
  const shown = isObject ? `"#<${reason.constructor?.name ?? "Object"}>"` : `"${String(reason)}"`;
  const error = new Error(
    `This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason ${shown}.`,
  );
  error.stack = `UnhandledPromiseRejection: ${error.message}\n    at throwUnhandledRejectionsMode (node:internal/process/promises:392:7)`;
  made.add(error);
  return Object.assign(error, { name: "UnhandledPromiseRejection", code: "ERR_UNHANDLED_REJECTION" });
}

function report(error: unknown): void {
  const isPlain = (typeof error !== "object" && typeof error !== "function") || error === null;
  const place = isPlain ? undefined : places.get(error as object);
  // Where a text or a number was thrown, nothing tells.
  const text = isPlain
    ? `\n${String(error)}\n(Use \`node --trace-uncaught ...\` to show where the exception was thrown)`
    : error instanceof Error
      ? inspect(error)
      : `${place ?? "Uncaught "}${inspect(error)}`;
  const version = (nodeProcess as { version: string }).version;
  sendData(2, encoder.encode(`${withOwnFrames(text)}\n\nNode.js ${version}\n`));
}
