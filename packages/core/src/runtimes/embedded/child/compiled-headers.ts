import { headerSource, heard, loadClang, ownFolder, run, stepsOf } from "./clang-tools.ts";
import { compiling } from "./compiling.ts";
import type { BootSpec } from "./spawn.ts";
import { CallError, call, leave } from "./wire.ts";

/**
 * Reading <iostream> takes most of the time that a small program takes to compile, so it is read once and kept. Under
 * this name it lies in our folder of a compiler's own files.
 */
export const compiledHeader = "iostream.pch";
const pieceBytes = 1_048_576;
const quiet = { cwd: "/", mostOpenFiles: 64 };
/** Only where it is compiled in the same way is a header the same: what may be said beside. */
const same = /^(?:-std=c\+\+20|-O1|-o|-iquote|-W[\w-=]*|-fdiagnostics-color=never|[^-].*)$/;

/** Compiles the header and hands it over in pieces. */
export function makeHeaders(boot: BootSpec): never {
  const tools = loadClang(boot, {});
  const command = [
    "clang++",
    "-###",
    ...compiling,
    "-std=c++20",
    "-O1",
    "-x",
    "c++-header",
    `${ownFolder}/${headerSource.name}`,
  ];
  const [step = []] = stepsOf(heard(tools, [...command, "-o", "/out"], quiet).text);
  let bytes = 0;
  const code = run(
    tools,
    step.map((word) => (word === "/out" ? "-" : word)),
    {
      ...quiet,
      output: (piece) => {
        for (let start = 0; start < piece.length; start += pieceBytes) {
          const part = piece.subarray(start, start + pieceBytes);
          bytes += part.length;
          call({ op: "snapshot" }, part);
        }
      },
    },
  );
  call({ op: "snapshot-done", bytes: code === 0 ? bytes : -1 });
  return leave(code);
}

/** Whether a command line compiles one file as the header was compiled, which is also the first thing that it includes. */
export function takesHeader(given: readonly string[], cwd: string): boolean {
  if (!given.includes("-std=c++20") || !given.includes("-O1") || !given.every((word) => same.test(word)))
    return false;
  const sources = given.filter(
    (word, at) => /^[^-].*\.(?:cpp|cc|cxx)$/.test(word) && !/^-(?:o|iquote)$/.test(given[at - 1] ?? ""),
  );
  const [file] = sources;
  return (
    file !== undefined &&
    sources.length === 1 &&
    includesHeader(file.startsWith("/") ? file : `${cwd}/${file}`)
  );
}

/** Whether before <iostream> there are but other headers and comments, which do not change it. */
function includesHeader(path: string): boolean {
  let handle: unknown;
  try {
    handle = call({ op: "open", path, flags: {} }).value["handle"];
    const begin = new TextDecoder().decode(call({ op: "read", handle, position: 0, length: 65_536 }).data);
    const code = begin.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
    return /^(?:\s*#[ \t]*include[ \t]*<[\w/.]+>[ \t]*\n)*?\s*#[ \t]*include[ \t]*<iostream>/.test(code);
  } catch (error) {
    if (error instanceof CallError) return false;
    throw error;
  } finally {
    if (handle !== undefined) call({ op: "close", handle });
  }
}
