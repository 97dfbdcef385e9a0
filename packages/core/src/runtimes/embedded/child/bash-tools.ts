import { toolNames } from "./tools/names.ts";
import type { ToolContext, ToolResult } from "./tools/tool.ts";
import { call } from "./wire.ts";

interface Tools {
  runTool(name: string, argv: readonly string[], context: ToolContext): Promise<ToolResult>;
}

let loaded: Tools | undefined;

/** Asked for when the first of the commands runs: most scripts need none. */
function tools(): Tools {
  if (loaded) return loaded;
  const code = new TextDecoder().decode(call({ op: "part", name: "shell-tools" }).data);
  return (loaded = new Function(`${code}\nreturn tools;`)() as Tools);
}

/** Commands that just-bash lacks, or that tell other things in it than on Linux. */
export const toolCommands: readonly (readonly [
  string,
  (argv: string[], context: ToolContext) => Promise<ToolResult>,
])[] = toolNames.map((name) => [name, (argv, context) => tools().runTool(name, argv, context)]);
