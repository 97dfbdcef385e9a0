import { ShellOutputs, byteString } from "./bash-files.ts";

type AnyFunction = (...given: unknown[]) => unknown;

/** Devices without an end give as much as anything reads here. */
const endlessBytes = 1_048_576;

/** Commands may write to the names of the standard streams too, and read from devices. */
export function nameOutputs(base: Record<string, AnyFunction>): void {
  const outputs = new ShellOutputs();
  for (const method of ["writeFile", "appendFile"] as const) {
    const plain = base[method]!.bind(base);
    base[method] = async (path, content, options) => {
      if (path !== "/dev/stdout" && path !== "/dev/stderr") return plain(path, content, options);
      const name = path.slice("/dev".length);
      return outputs.writeFile(name, content as string, options as string);
    };
  }
  const endless = (path: unknown): Uint8Array | undefined => {
    if (path === "/dev/zero") return new Uint8Array(endlessBytes);
    if (path !== "/dev/urandom" && path !== "/dev/random") return undefined;
    const bytes = new Uint8Array(endlessBytes);
    for (let at = 0; at < endlessBytes; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return bytes;
  };
  for (const method of ["readFileBuffer", "readFileBytes", "readFile"] as const) {
    const plain = base[method]?.bind(base);
    if (!plain) continue;
    base[method] = async (path, options) => {
      const bytes = endless(path);
      if (!bytes) return plain(path, options);
      return method === "readFileBuffer" ? bytes : byteString(bytes);
    };
  }
}
