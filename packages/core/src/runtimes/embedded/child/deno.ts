/** What this folder uses of Deno; it is bundled and runs there (see ../child-script.generated.ts). */
export interface DenoRuntime {
  readonly stdin: { readSync(buffer: Uint8Array): number | null };
  readonly stdout: { writeSync(bytes: Uint8Array): number };
  readonly permissions: { revokeSync(descriptor: { readonly name: string }): unknown };
  readFileSync(path: string): Uint8Array;
  openSync(path: string): DenoFile;
  exit(code: number): never;
}

/** An open file, read from its start. */
export interface DenoFile {
  readSync(buffer: Uint8Array): number | null;
  close(): void;
}

/** Taken before any other code could change it. */
export const deno: DenoRuntime = (globalThis as unknown as { Deno: DenoRuntime }).Deno;

/** All of Deno that is left to a program. Its own parts, those of Node, look for some of it by name. */
const left: ReadonlySet<string | symbol> = new Set([
  "addSignalListener",
  "args",
  "build",
  "cpuUsage",
  "env",
  "errors",
  "exit",
  "exitCode",
  "inspect",
  "memoryUsage",
  "noColor",
  "removeSignalListener",
  "stderr",
  "stdin",
  "stdout",
  "version",
]);

/**
 * Takes from Deno what a program has no use for, its inner parts before all: by them any of its operations can be
 * called, and some do not ask for a permission, or say what they found before they do.
 */
export function narrowDeno(): void {
  for (const name of Reflect.ownKeys(deno)) {
    if (!left.has(name)) Reflect.deleteProperty(deno, name);
  }
  Object.assign(deno, { pid: 2, ppid: 1, cwd: () => "/", execPath: () => "deno" });
  Reflect.deleteProperty(globalThis, "nodeBootstrap");
  Object.defineProperty(globalThis, "Deno", { value: deno, enumerable: false });
}
