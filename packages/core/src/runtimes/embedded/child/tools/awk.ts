import { compileAwk } from "./awk-compile.ts";
import { unescape } from "./awk-lexer.ts";
import { parseAwk } from "./awk-parser.ts";
import { AwkExit, AwkRuntime, next, nextFile } from "./awk-runtime.ts";
import { takeOptions } from "./options.ts";
import { ToolError, readText } from "./tool.ts";
import type { Tool } from "./tool.ts";

/** `awk [-F SEPARATOR] [-v NAME=VALUE] (-f FILE | PROGRAM) [FILE…]`, with most of what gawk adds. */
export const awk: Tool = async (argv, context) => {
  const { options, rest } = separated(argv);
  const given = takeOptions(
    "awk",
    options,
    "F:v:f:Wic",
    {
      "field-separator": "F:",
      assign: "v:",
      file: "f:",
      posix: "W",
      version: "version",
      traditional: "c",
      csv: "k",
    },
    2,
  );
  if (given.has("version"))
    return { stdout: "GNU Awk 5.2.1, as far as it is in this sandbox\n", stderr: "", exitCode: 0 };
  const files = given.all("f");
  const source =
    files.length > 0
      ? (await Promise.all(files.map((name) => readText(name, context)))).join("\n")
      : rest.shift();
  if (source === undefined)
    throw new ToolError("usage: awk [-F fs][-v var=value][prog | -f progfile][file ...]", 2);
  const variables = new Map<string, string>();
  for (const word of given.all("v")) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    if (name === undefined)
      throw new ToolError(`fatal: \`${word}' argument to \`-v' not in \`var=value' form`, 2);
    variables.set(name, unescape(value!));
  }
  const separator = given.last("F");
  if (separator !== undefined) variables.set("FS", separator === "t" ? "\t" : unescape(separator));
  const runtime = new AwkRuntime(context, rest, variables);
  const program = compileAwk(parseAwk(source), runtime);
  try {
    let isOver = await ended(program.begin);
    if (!isOver && (program.record || program.end)) {
      for (
        let record = await runtime.input.nextRecord();
        record !== undefined && !isOver;
        record = isOver ? undefined : await runtime.input.nextRecord()
      ) {
        runtime.setRecord(record);
        try {
          const running = program.record?.();
          if (running) await running;
        } catch (error) {
          if (error === nextFile) runtime.input.skipFile();
          else if (error instanceof AwkExit) isOver = true;
          else if (error !== next) throw error;
        }
      }
    }
    if (program.end) await ended(program.end);
    await runtime.output.closeAll();
  } catch (error) {
    if (!(error instanceof ToolError) && !(error instanceof RangeError)) throw error;
    runtime.output.stderr += `awk: ${error.message}\n`;
    runtime.output.exitCode = 2;
  }
  const { stdout, stderr, exitCode } = runtime.output;
  return { stdout, stderr, exitCode };
};

/** Whether it ended the program. */
async function ended(work: () => Promise<void> | void): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (!(error instanceof AwkExit)) throw error;
    return true;
  }
}

/** The options, which end at the first word that is none. */
function separated(argv: readonly string[]): { options: string[]; rest: string[] } {
  let at = 0;
  for (; at < argv.length && /^-./.test(argv[at]!); at += 1) {
    if (argv[at] === "--") return { options: argv.slice(0, at), rest: argv.slice(at + 1) };
    if (/^-[Fvf]$|^--(?:assign|file|field-separator)$/.test(argv[at]!)) at += 1;
  }
  return { options: argv.slice(0, at), rest: argv.slice(at) };
}
