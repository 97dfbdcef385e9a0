import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runQuietly } from "./child.mjs";
import { contentHash } from "./content-hash.mjs";
import { withLock } from "./lock.mjs";
import { say } from "./say.mjs";
import { cacheFolder } from "./toolchain.mjs";

/** The workspace's top folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const manifests = [
  "package.json",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  ...["packages", "apps"].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder)).map((name) => `${folder}/${name}/package.json`)
      : [],
  ),
  "examples/package.json",
  "benchmarks/package.json",
].filter((path) => existsSync(join(root, path)));

const builtPackage = (name, result) => ({
  name,
  builds: true,
  sources: [
    `packages/${name}/src`,
    `packages/${name}/package.json`,
    `packages/${name}/tsdown.config.ts`,
    "tsconfig.base.json",
    "pnpm-lock.yaml",
  ],
  result: `packages/${name}/dist/${result}`,
  announcement: `building packages/${name}`,
  args: ["--dir", `packages/${name}`, "run", "build"],
});

const steps = [
  {
    name: "install",
    sources: manifests,
    result: "node_modules/.modules.yaml",
    announcement: "installing dependencies (pnpm install)",
    args: ["install", "--frozen-lockfile"],
  },
  {
    name: "agent",
    sources: ["packages/agent"],
    result: "packages/agent/dist",
    announcement: "building packages/agent, the program inside every box",
    args: ["--dir", "packages/agent", "run", "build"],
    // Without Go the agent is built in an engine; where there is none either, the command that follows says what to do.
    mayWait: /neither Go nor a container engine/,
  },
  builtPackage("core", "index.js"),
  builtPackage("cli", "main.js"),
  // What depends on core alone, in any order.
  ...readdirSync(join(root, "packages"))
    .filter(
      (name) =>
        !["core", "cli"].includes(name) && existsSync(join(root, "packages", name, "tsdown.config.ts")),
    )
    .map((name) => builtPackage(name, "index.js")),
];

/**
 * Installs and builds what has changed since the last time; does nothing, quickly, when nothing has. Of the packages it
 * builds those named, or all.
 */
export async function prepare(toolchain, packages) {
  const wanted = steps.filter(
    ({ name, builds }) => !builds || packages === undefined || packages.includes(name),
  );
  if (wanted.every(isDone)) return;
  const lock = join(cacheFolder(), "locks", createHash("sha256").update(root).digest("hex"));
  await withLock(lock, () => runSteps(toolchain, wanted), {
    onWait: () => say("waiting for another start in this folder to finish building"),
  });
}

async function runSteps(toolchain, wanted) {
  for (const step of wanted) {
    if (isDone(step)) continue;
    const begin = performance.now();
    say(step.announcement);
    const hash = hashOf(step);
    try {
      await runQuietly(step.announcement, "pnpm", step.args, {
        cwd: root,
        env: { ...toolchain.env, CI: "true" },
        shell: process.platform === "win32",
      });
    } catch (error) {
      if (!step.mayWait?.test(error.message)) throw error;
      say(`${step.name} is left for later: it needs a container engine, or Go`);
      continue;
    }
    mkdirSync(dirname(stampOf(step)), { recursive: true });
    writeFileSync(stampOf(step), hash);
    say(`${step.name} done in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  }
}

function isDone(step) {
  if (!existsSync(join(root, step.result)) || !existsSync(stampOf(step))) return false;
  return readFileSync(stampOf(step), "utf8") === hashOf(step);
}

function hashOf(step) {
  return contentHash(root, step.sources, step.args.join(" "));
}

function stampOf(step) {
  return join(root, "node_modules", ".cache", "llm-sandbox", `${step.name}.stamp`);
}
