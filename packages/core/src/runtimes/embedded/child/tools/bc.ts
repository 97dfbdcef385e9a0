import { Calculator } from "./bc-run.ts";
import { parseBc } from "./bc-syntax.ts";
import { readText, said } from "./tool.ts";
import type { Tool } from "./tool.ts";

/** `bc [-l] [FILE…]`: numbers of any length with a scale. */
export const bc: Tool = async (argv, context) => {
  const files = argv.filter((word) => !word.startsWith("-"));
  const isMath = argv.some((word) => /^-[a-z]*l/.test(word) || word === "--mathlib");
  const calculator = new Calculator(isMath);
  let text = "";
  for (const name of files) text += await readText(name, context);
  text += await readText("-", context);
  const { statements, error } = parseBc(text.replaceAll("\\\n", ""));
  calculator.run(statements);
  const stderr =
    calculator.errors + (error && !calculator.isOver ? `(standard_in) ${error.line}: syntax error\n` : "");
  return said(calculator.output, stderr);
};
