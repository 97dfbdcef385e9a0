import Module from "node:module";

const own = Module as unknown as { stripTypeScriptTypes(code: string, options: object): string };

/** Takes the types out. A syntax error has its message and its place apart, as Node's has. */
export function stripTypeScriptTypes(code: string, options: object): string {
  try {
    return own.stripTypeScriptTypes(withRequires(code), options);
  } catch (error) {
    const [, message, line, column] =
      /^(?:SyntaxError: )?(.*)[^]*stripTypeScriptTypes\.ts:(\d+):(\d+)/.exec((error as Error).message) ?? [];
    if (message === undefined) throw error;
    const text = code.split("\n")[Number(line) - 1] ?? "";
    const place = `:${line}\n${text}\n${" ".repeat(Number(column) - 1)}^`;
    const syntax = Object.assign(new SyntaxError(message), { code: (error as { code?: string }).code });
    syntax.stack = `${place}\n\nSyntaxError: ${message}`;
    throw syntax;
  }
}

/** `import x = require("y")` and `export = x`, which Deno leaves as they are. */
function withRequires(code: string): string {
  if (!/^[ \t]*(?:import\s+\w+\s*=\s*require\b|export\s*=)/m.test(code)) return code;
  return code
    .replaceAll(/^([ \t]*)import(\s+\w+\s*=\s*require\s*\()/gm, "$1const $2")
    .replaceAll(/^([ \t]*)export(\s*=)/gm, "$1module.exports$2");
}
