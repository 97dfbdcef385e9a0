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

/** Keeps Deno out of sight; its own parts look for it by name, so it cannot go. What it can do without permissions is little. */
export function hideDeno(executable: string): void {
  Object.defineProperty(deno, "execPath", { value: () => executable });
  Object.defineProperty(globalThis, "Deno", { value: deno, enumerable: false });
}
