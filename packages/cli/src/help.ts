import { languageNames } from "./language-of.ts";

/** What `--help` prints. */
export function help(): string {
  const command = process.env.LLM_SANDBOX_COMMAND ?? "llm-sandbox";
  return `Runs code in a box of its own: a hardened container, or WebAssembly where there is no engine.

  ${command} tour              a guided run (also without arguments)
  ${command} run FILE          runs a file; its extension tells the language
  ${command} run - --lang LANG runs code from standard input (python unless told);
                             the dash may be left out

  ${command} shell             an interactive prompt in a box
  ${command} doctor            tries every runtime and says how to get those that are not there
  ${command} clean             shows what was left behind or can be made again, asks, and removes it

  --lang LANG        ${languageNames()}
  --timeout SECONDS  ends the run after so long (default 60)
  --memory MIB       memory of the box (default 1024)
  --network MODE     none (default) or full
  --runtime NAME     auto (default), docker, embedded or oci
  --in PATH[:PATH]   copies a file or folder into the box first; may be given again
  --out PATH[:PATH]  copies a file or folder of the box back afterwards; may be given again
  --json             prints the whole result as one JSON object in place of the output
  --image IMAGE      a container image instead of the language's own
  --yes, --dry-run   for clean: does not ask; only shows (--runtime keeps it to that one)
  --verbose          says what happens underneath
  -h, --help; --version

The exit code is the program's own; 124 after a timeout, 137 when out of memory, 130 after Ctrl-C,
1 where it ended well without a file of --out, and 2 for a mistake on the command line, 3 where the
sandbox itself failed.
`;
}
