/** Tells a person what happens, on stderr, so that stdout stays the program's own. */
export function say(line) {
  process.stderr.write(`llm-sandbox: ${line}\n`);
}
