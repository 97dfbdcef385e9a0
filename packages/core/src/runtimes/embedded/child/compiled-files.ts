import { joined } from "./joined-bytes.ts";
import { heard, loadClang, ownFolder, run, stepsOf } from "./clang-tools.ts";
import type { ClangTools } from "./clang-tools.ts";
import { compiledHeader, headerSource } from "./compiled-header.ts";
import { compiling } from "./compiling.ts";
import { packFiles } from "./packed-files.ts";
import type { BootSpec } from "./spawn.ts";
import { call, leave } from "./wire.ts";

const pieceBytes = 1_048_576;
const quiet = { cwd: "/", mostOpenFiles: 64 };
const encoder = new TextEncoder();

/** Compiles once for all programs the header that most begin with and what they are linked with, and hands that over in pieces. */
export function makeCompiledFiles(boot: BootSpec): never {
  const sources = { [headerSource.name]: headerSource.text, ...boot.sources };
  const tools = loadClang(
    boot,
    Object.fromEntries(Object.entries(sources).map(([name, text]) => [name, encoder.encode(text)])),
  );
  const header = [...compiling, "-std=c++20", "-O1", "-x", "c++-header"];
  const object = ["-fwasm-exceptions", "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-c"];
  // What the header is made from is looked for wherever it is used.
  const files: Record<string, Uint8Array> = { [headerSource.name]: encoder.encode(headerSource.text) };
  for (const name of Object.keys(boot.sources).filter((name) => name.endsWith(".cpp")))
    files[name.replace(/\.cpp$/, ".o")] = compiled(tools, object, name);
  files[compiledHeader] = compiled(tools, header, headerSource.name);
  let bytes = 0;
  for (const file of packFiles(files)) {
    for (let start = 0; start < file.length; start += pieceBytes) {
      const piece = file.subarray(start, start + pieceBytes);
      bytes += piece.length;
      call({ op: "snapshot" }, piece);
    }
  }
  call({ op: "snapshot-done", bytes });
  return leave(0);
}

/** What the compiler makes of one file of our folder. Throws what it says if that fails. */
function compiled(tools: ClangTools, options: readonly string[], name: string): Uint8Array {
  const driver = ["clang++", "-###", ...options, `${ownFolder}/${name}`, "-o", "/out"];
  const [step = []] = stepsOf(heard(tools, driver, quiet).text);
  const pieces: Uint8Array[] = [];
  const code = run(
    tools,
    step.map((word) => (word === "/out" ? "-" : word)),
    { ...quiet, output: (piece) => void pieces.push(piece.slice()) },
  );
  const output = joined(pieces);
  if (code !== 0) throw new Error(new TextDecoder().decode(output));
  return output;
}
