import { awk } from "./awk.ts";
import { bc } from "./bc.ts";
import { checksums } from "./checksums.ts";
import { cmp } from "./cmp.ts";
import { fmt, head, paste, uniq, wc } from "./counting.ts";
import { date } from "./date.ts";
import { diff } from "./diff.ts";
import { egrep, fgrep, grep } from "./grep.ts";
import { hexdump, od } from "./od.ts";
import { patch } from "./patch.ts";
import { install, mktemp, realpath } from "./paths.ts";
import { env, xargs } from "./running.ts";
import { printf } from "./printf.ts";
import { seq, shuf } from "./sequences.ts";
import { sort } from "./sort.ts";
import { df, du } from "./space.ts";
import { stat } from "./stat.ts";
import { tar } from "./tar.ts";
import { ToolError, said } from "./tool.ts";
import type { Tool, ToolContext, ToolResult } from "./tool.ts";
import { tr } from "./tr.ts";
import { xxd } from "./xxd.ts";
import { unzip, zip } from "./zip.ts";

const tools: Readonly<Record<string, Tool>> = {
  awk,
  gawk: awk,
  bc,
  cmp,
  date,
  df,
  diff,
  du,
  env,
  egrep,
  fgrep,
  fmt,
  grep,
  head,
  hexdump,
  install,
  mktemp,
  od,
  paste,
  patch,
  printf,
  realpath,
  seq,
  shuf,
  sort,
  stat,
  tar,
  tr,
  uniq,
  unzip,
  wc,
  xargs,
  xxd,
  zip,
  ...checksums,
};

/** Runs one of the commands by its name. */
export async function runTool(
  name: string,
  argv: readonly string[],
  context: ToolContext,
): Promise<ToolResult> {
  try {
    return await tools[name]!(argv, context);
  } catch (error) {
    if (error instanceof ToolError) return said(error.stdout, `${name}: ${error.message}\n`, error.exitCode);
    throw error;
  }
}
