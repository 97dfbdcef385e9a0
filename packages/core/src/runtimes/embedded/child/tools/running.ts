import { quoted } from "../shell-word.ts";
import { takeOptions } from "./options.ts";
import { ToolError, readText, said } from "./tool.ts";
import type { Tool, ToolContext, ToolResult } from "./tool.ts";

function run(
  words: readonly string[],
  { cwd, exec, signal }: ToolContext,
  stdin: string,
  options: object = {},
): Promise<ToolResult> {
  return exec!(words.map(quoted).join(" "), {
    cwd,
    stdin,
    stdinKind: "bytes",
    ...(signal ? { signal } : {}),
    ...options,
  });
}

/** `env [-i] [-u NAME] [-C FOLDER] [NAME=VALUE…] [COMMAND…]`: what is exported, and what is set here. */
export const env: Tool = async (argv, context) => {
  const rest = [...argv];
  let variables: Record<string, string> = { ...context.exportedEnv };
  let { cwd } = context;
  for (; rest[0]?.startsWith("-"); rest.shift()) {
    const word = rest[0];
    if (word === "-i" || word === "-" || word === "--ignore-environment") variables = {};
    else if (word === "-u" || word === "--unset") delete variables[rest.splice(1, 1)[0] ?? ""];
    else if (/^-u.|^--unset=/.test(word)) delete variables[word.replace(/^-u|^--unset=/, "")];
    else if (word === "-C" || word === "--chdir")
      cwd = context.fs.resolvePath(cwd, rest.splice(1, 1)[0] ?? ".");
    else if (word === "--") {
      rest.shift();
      break;
    } else
      throw new ToolError(
        `invalid option -- '${word.replace(/^-+/, "")}'\nTry 'env --help' for more information.`,
        125,
      );
  }
  for (; /^[^=]+=/.test(rest[0] ?? ""); rest.shift()) {
    const end = rest[0]!.indexOf("=");
    variables[rest[0]!.slice(0, end)] = rest[0]!.slice(end + 1);
  }
  if (rest.length === 0)
    return said(
      Object.entries(variables)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
  // What is only merged would keep the shell's own, and what is replaced is not exported: both are said.
  const exports = Object.entries(variables)
    .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
    .map(([name, value]) => `export ${name}=${quoted(value)};`);
  // A shell takes the variables that this process began with from elsewhere too.
  const gone = Object.keys(context.exportedEnv ?? {}).filter(
    (name) => !(name in variables) && !/^(?:PATH|PWD)$/.test(name),
  );
  if (/^(?:ba|da)?sh$/.test(rest[0]!) && rest[1] === "-c" && gone.length > 0) {
    rest[2] = `unset ${gone.join(" ")}; ${rest[2] ?? ""}`;
  }
  const command = rest.map(quoted).join(" ");
  return context.exec!(`${exports.join(" ")} command ${command}`, {
    cwd,
    env: variables,
    replaceEnv: true,
    stdin: context.stdin,
    stdinKind: "bytes",
    ...(context.signal ? { signal: context.signal } : {}),
  });
};

/** Words as a shell's quotes and backslashes make them, without expansions. */
function shellWords(text: string): string[] {
  const words: string[] = [];
  for (const [, word] of text.matchAll(/\s*((?:'[^']*'|"[^"]*"|\\[^]|[^\s'"\\])+)/g)) {
    words.push(
      word!.replaceAll(
        /'([^']*)'|"([^"]*)"|\\([^])/g,
        (_, single, double, escaped) => single ?? double ?? escaped,
      ),
    );
  }
  return words;
}

/** `xargs [-0] [-a FILE] [-d CHARACTER] [-I TEXT] [-L LINES] [-n WORDS] [-P PROCESSES] [-r] [-t] [COMMAND…]`; one after the other. */
export const xargs: Tool = async (argv, context) => {
  const { own, command } = separated(argv);
  const given = takeOptions("xargs", own, "0a:d:I:i:L:n:P:rtxs:E:", {
    null: "0",
    "arg-file": "a:",
    delimiter: "d:",
    replace: "I:",
    "max-lines": "L:",
    "max-args": "n:",
    "max-procs": "P:",
    "no-run-if-empty": "r",
    verbose: "t",
    "max-chars": "s:",
    exit: "x",
  });
  const file = given.last("a");
  const text = await readText(file ?? "-", context);
  const place = given.last("I");
  const items = itemsOf(
    text,
    given.has("0") ? "\0" : given.has("d") ? unescaped(given.last("d")!) : undefined,
    place !== undefined,
  );
  const groups: string[][] = [];
  if (place !== undefined)
    groups.push(...items.map((item) => command.map((word) => word.replaceAll(place, item))));
  else if (given.has("L")) {
    const lines = text
      .split("\n")
      .map(shellWords)
      .filter((words) => words.length > 0);
    const most = given.number("L", 1);
    for (let at = 0; at < lines.length; at += most)
      groups.push([...command, ...lines.slice(at, at + most).flat()]);
  } else {
    const most = given.has("n") ? given.number("n", 1) : Math.max(1, items.length);
    for (let at = 0; at < items.length; at += most) groups.push([...command, ...items.slice(at, at + most)]);
    if (items.length === 0 && !given.has("r")) groups.push([...command]);
  }
  let [stdout, stderr, exitCode] = ["", "", 0];
  for (const words of groups) {
    if (given.has("t")) stderr += `${words.join(" ")}\n`;
    const result = await run(words, context, file === undefined ? "" : context.stdin);
    stdout += bytesIn(result);
    stderr += result.stderr;
    if (result.exitCode === 255) {
      return {
        ...said(stdout, `${stderr}xargs: ${words[0]}: exited with status 255; aborting\n`, 124),
        stdoutEncoding: "binary",
        stdoutKind: "bytes",
      };
    }
    if (result.exitCode >= 126) exitCode = result.exitCode;
    else if (result.exitCode !== 0 && exitCode === 0) exitCode = 123;
  }
  return { stdout, stderr, exitCode, stdoutEncoding: "binary", stdoutKind: "bytes" };
};

const encoder = new TextEncoder();

/** A command's output as bytes: it may be text. */
function bytesIn({ stdout, stdoutEncoding, stdoutKind }: ToolResult): string {
  if (stdoutEncoding === "binary" || stdoutKind === "bytes") return stdout;
  return Array.from(encoder.encode(stdout), (byte) => String.fromCharCode(byte)).join("");
}

const unescaped = (text: string): string =>
  text.replaceAll(
    /\\([ntr0\\])/g,
    (_, letter: string) => ({ n: "\n", t: "\t", r: "\r", 0: "\0", "\\": "\\" })[letter]!,
  );

function itemsOf(text: string, end: string | undefined, isByLine: boolean): string[] {
  if (end !== undefined) {
    const items = text.split(end);
    if (items.at(-1) === "") items.pop();
    else if (end !== "\n" && end !== "\0" && items.length > 0) items.push(items.pop()!);
    return items;
  }
  if (!isByLine) return shellWords(text);
  return text
    .split("\n")
    .map((line) => shellWords(`'${line.trimStart().replaceAll("'", `'\\''`)}'`)[0] ?? "")
    .filter((line) => line !== "");
}

/** The options before the command, which has options of its own. */
function separated(argv: readonly string[]): { own: string[]; command: string[] } {
  let at = 0;
  for (; at < argv.length && argv[at]!.startsWith("-"); at += 1) {
    if (
      /^-[0rtx]*[adIiLnPsE]$|^--(?:arg-file|delimiter|replace|max-lines|max-args|max-procs|max-chars)$/.test(
        argv[at]!,
      )
    )
      at += 1;
  }
  return { own: argv.slice(0, at), command: at < argv.length ? argv.slice(at) : ["echo"] };
}
