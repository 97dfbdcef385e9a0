import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { SandboxError } from "../../errors.ts";
import type { EmbeddedOptions } from "./embedded-options.ts";

/** The versions that this runtime was made and tested with; Pyodide's snapshots are private to a version. */
export const versions = {
  deno: "2.9.6",
  pyodide: "314.0.7",
  "just-bash": "3.4.2",
  "@ruby/3.3-wasm-wasi": "2.10.1",
  "@yowasp/clang": "22.0.0-git20542-10",
} as const;

/** Deno's npm packages by Node's names of platform and processor. */
const denoPackages: Readonly<Record<string, string>> = {
  "linux x64": "@deno/linux-x64-glibc",
  "linux arm64": "@deno/linux-arm64-glibc",
  "darwin x64": "@deno/darwin-x64",
  "darwin arm64": "@deno/darwin-arm64",
  "win32 x64": "@deno/win32-x64",
  "win32 arm64": "@deno/win32-arm64",
};

/** The Deno binary. Throws ENGINE_NOT_FOUND with what to install. */
export function findDeno({ deno }: EmbeddedOptions): string {
  if (deno !== undefined) {
    if (isFile(deno)) return deno;
    throw missing(`There is no Deno at ${JSON.stringify(deno)}.`, "Correct embedded({ deno }).");
  }
  const platform = `${process.platform} ${process.arch}`;
  const name = denoPackages[platform];
  if (name === undefined) {
    throw missing(
      `Deno has no npm package for ${platform}.`,
      "Name a binary of your own with embedded({ deno }).",
    );
  }
  const folder = packageFolder("deno", import.meta.url);
  const own = folder && packageFolder(name, join(folder, "package.json"));
  const binary = own && join(own, process.platform === "win32" ? "deno.exe" : "deno");
  if (binary && isFile(binary)) return realpathSync(binary);
  throw missing(
    folder ? `The npm package deno lacks its part for ${platform}.` : "Deno is not installed.",
    `Install it: ${installationOf("deno")}`,
  );
}

/** Pyodide's folder, with a slash at its end. Throws LANGUAGE_UNAVAILABLE when it is absent or of another version. */
export function findPyodide({ pyodide }: EmbeddedOptions): string {
  const install = `Install it: ${installationOf("pyodide")}`;
  const folder = pyodide ?? packageFolder("pyodide", import.meta.url);
  if (folder === undefined || !existsSync(join(folder, "package.json"))) {
    throw unavailable("python", "Pyodide is not installed.", install);
  }
  checkVersion("pyodide", folder, "python", install);
  for (const file of ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"]) {
    if (!isFile(join(folder, file))) {
      throw unavailable("python", `Pyodide's ${file} is missing.`, install);
    }
  }
  return `${realpathSync(folder)}/`;
}

/** The file with all of just-bash. Throws LANGUAGE_UNAVAILABLE when it is absent or of another version. */
export function findJustBash(): string {
  const install = `Install it: ${installationOf("just-bash")}`;
  const folder = packageFolder("just-bash", import.meta.url);
  if (folder === undefined) throw unavailable("bash", "just-bash is not installed.", install);
  checkVersion("just-bash", folder, "bash", install);
  return join(realpathSync(folder), "dist", "bundle", "browser.js");
}

/** Languages that are there once a package is installed that does not come with this one. */
const peers = { ruby: "@ruby/3.3-wasm-wasi", cpp: "@yowasp/clang" } as const;
type PeerLanguage = keyof typeof peers;

/** What installs each language that is not there yet, as a module at `from` sees it. */
export function installable(from: string = import.meta.url): Readonly<Record<string, string>> {
  const absent = (Object.keys(peers) as PeerLanguage[]).filter(
    (language) => !packageFolder(peers[language], from),
  );
  return Object.fromEntries(absent.map((language) => [language, installationOf(peers[language])]));
}

/** The file with Ruby and its standard library. Throws LANGUAGE_UNAVAILABLE when it is absent or of another version. */
export function findRuby(from: string = import.meta.url): string {
  return findPeer("ruby", "dist/ruby+stdlib.wasm", from);
}

/** The files of Clang: its tools, and an archive of what they read. Throws LANGUAGE_UNAVAILABLE when they are absent or of another version. */
export function findClang(from: string = import.meta.url): {
  readonly tools: string;
  readonly resources: string;
} {
  return {
    tools: findPeer("cpp", "gen/llvm.core.wasm", from),
    resources: findPeer("cpp", "gen/llvm-resources.tar", from),
  };
}

function findPeer(language: PeerLanguage, file: string, from: string): string {
  const name = peers[language];
  const install = `Install it: ${installationOf(name)}, or use docker() with Docker or Podman, or oci() on Linux, which have ${language} in their image.`;
  const folder = packageFolder(name, from);
  if (folder === undefined)
    throw unavailable(
      language,
      `The embedded runtime runs ${language} with ${name}, which is not installed.`,
      install,
    );
  checkVersion(name, folder, language, install);
  const path = join(realpathSync(folder), file);
  if (!isFile(path)) throw unavailable(language, `${name} lacks its ${file}.`, install);
  return path;
}

function installationOf(name: keyof typeof versions): string {
  return `npm install ${name}@${versions[name]}`;
}

function checkVersion(name: keyof typeof versions, folder: string, language: string, install: string): void {
  let version: unknown;
  try {
    const text = readFileSync(join(folder, "package.json"), "utf8");
    version = (JSON.parse(text) as Record<string, unknown>)["version"];
  } catch (cause) {
    throw unavailable(language, `${name} cannot be read.`, install, cause);
  }
  if (version === versions[name]) return;
  const found = typeof version === "string" ? version.slice(0, 40) : "of no version";
  throw unavailable(language, `${name} is ${found}; embedded() needs ${versions[name]}.`, install);
}

/** The folder of an installed package as a module at `from` sees it. */
export function packageFolder(name: string, from: string): string | undefined {
  for (const folder of createRequire(from).resolve.paths(name) ?? []) {
    const found = join(folder, name);
    // Where pnpm links it from, it sees its own dependencies.
    if (existsSync(join(found, "package.json"))) return realpathSync(found);
  }
  try {
    // Where packages lie in archives or are mapped.
    return dirname(createRequire(from).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function missing(message: string, remedy: string): SandboxError {
  return new SandboxError("ENGINE_NOT_FOUND", message, { remedy, details: { absent: true } });
}

function unavailable(language: string, message: string, remedy: string, cause?: unknown): SandboxError {
  return new SandboxError("LANGUAGE_UNAVAILABLE", message, {
    remedy,
    details: { language },
    ...(cause === undefined ? {} : { cause }),
  });
}
