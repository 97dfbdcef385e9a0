import type { Shell, ShellResult } from "./bash-shell.ts";

/** `$1`, `$2`, … as just-bash keeps them. */
export function setArguments({ state }: Shell, argv: readonly string[]): void {
  if (argv.length === 0) return;
  argv.forEach((argument, index) => state.env.set(String(index + 1), argument));
  state.env.set("#", String(argv.length));
  state.env.set("@", argv.join(" "));
}

/** just-bash runs every script on copies of its state: these are caught as they are made, and kept. */
export async function keepingState(shell: Shell, work: () => Promise<ShellResult>): Promise<ShellResult> {
  const { state } = shell;
  const RealMap = globalThis.Map;
  const copies: {
    env?: Map<string, string>;
    arrays?: Map<string, unknown>;
    functions?: Map<string, unknown>;
  } = {};
  class CatchingMap<Key, Value> extends RealMap<Key, Value> {
    constructor(entries?: Iterable<readonly [Key, Value]> | null) {
      super(entries);
      const caught = this as Map<unknown, unknown>;
      if ((entries as unknown) === state.env) copies.env = caught as Map<string, string>;
      else if ((entries as unknown) === state.functions) copies.functions = caught as Map<string, unknown>;
      else if (copies.env && !copies.functions && Array.isArray(entries))
        copies.arrays ??= caught as Map<string, unknown>;
    }
  }
  globalThis.Map = CatchingMap as unknown as MapConstructor;
  const running = work();
  globalThis.Map = RealMap;
  const result = await running;
  if (copies.env) state.env = new RealMap(copies.env);
  if (copies.arrays) state.arrays = new RealMap(copies.arrays);
  if (copies.functions) state.functions = new RealMap(copies.functions);
  state.lastExitCode = result.exitCode;
  return result;
}
