// Turns what only a module may say into what a console understands.
"use strict";

// Comments, strings and templates are passed over; line breaks stay where they are.
const PASSED = String.raw`\/\/.*|\/\*[\s\S]*?\*\/|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'|\x60(?:\\[\s\S]|[^\\\x60])*\x60`;
const STATEMENT = String.raw`(?<=^|\n|;)[ \t]*import\s*(?:([\w$\s{},*]+?)\s*from\s*)?(["'])((?:(?!\2).)+)\2(?:\s*with\s*(\{[^}]*\}))?[ \t]*;?`;
const CALL = String.raw`(?<![\w$.#])import(?=\s*\()`;
const TOKENS = new RegExp(`(${PASSED})|${shifted(STATEMENT)}|${CALL}`, "g");

// The first group is PASSED: the groups of STATEMENT come after it.
function shifted(pattern) {
  return pattern.replaceAll("\\2", "\\3");
}

/** The code with every `import` statement and call turned into a call of the function `name`. */
exports.importsToCalls = function (code, name) {
  if (!code.includes("import")) return code;
  return code.replace(TOKENS, (all, passed, bindings, _quote, specifier, attributes) => {
    if (passed !== undefined) return passed;
    if (specifier === undefined) return name;
    const options = attributes ? `, { with: ${attributes} }` : "";
    const call = `await ${name}(${JSON.stringify(specifier)}${options});`;
    const lines = "\n".repeat(all.split("\n").length - 1);
    return bindings === undefined ? call + lines : declarations(bindings, call) + lines;
  });
};

/** `a, { b as c }` or `* as d` as declarations. */
function declarations(bindings, call) {
  const text = bindings.replace(/\s+/g, " ").trim();
  const parts = /^(?:([\w$]+)\s*,?\s*)?(?:\*\s*as\s+([\w$]+)|\{(.*)\})?$/.exec(text);
  if (!parts) return `import ${text} from`; // A syntax error, to be reported as such.
  const [, one, all, some] = parts;
  const names = (some ?? "")
    .split(",")
    .map((part) => part.trim().replace(/\s+as\s+/, ": "))
    .filter(Boolean);
  if (one) names.unshift(`default: ${one}`);
  const picked = names.length > 0 ? `const { ${names.join(", ")} } = ` : "";
  if (!all) return picked + call;
  return `const ${all} = ${call}` + (one ? ` const ${one} = ${all}.default;` : "");
}
