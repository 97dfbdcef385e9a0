import nodeProcess from "node:process";

type Parse = (config?: object) => unknown;

/** `node:util`, whose `parseArgs` reads the program's arguments: Deno's reads its own. */
export function utilModule(module: unknown): unknown {
  const members = module as { parseArgs: Parse };
  const parseArgs: Parse = (config) => members.parseArgs({ args: nodeProcess.argv.slice(2), ...config });
  return { ...members, parseArgs };
}
