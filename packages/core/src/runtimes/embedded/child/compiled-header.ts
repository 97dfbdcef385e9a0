import { CallError, call } from "./wire.ts";

/**
 * Reading <iostream> takes most of the time that a small program takes to compile, so it is read once and kept. Under
 * this name it lies in our folder of a compiler's own files.
 */
export const compiledHeader = "iostream.pch";
/** What the kept header is made from. */
export const headerSource = { name: "iostream.h", text: "#include <iostream>\n" } as const;
/** Only where it is compiled in the same way is a header the same: what may be said beside. */
const same = /^(?:-std=c\+\+20|-O1|-o|-iquote|-W[\w-=]*|-fdiagnostics-color=never|[^-].*)$/;

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
