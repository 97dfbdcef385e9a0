// `pnpm check`: everything that can be said about the sources without running them. Each check runs, whatever the others say.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { prepare, root } from "./prepare.mjs";
import { say } from "./say.mjs";
import { writeSnippets } from "./snippets.mjs";
import { runStage } from "./stage.mjs";
import { ensureToolchain } from "./toolchain.mjs";

const packages = readdirSync(join(root, "packages")).filter((name) =>
  existsSync(join(root, "packages", name, "tsconfig.json")),
);
const hasGo = spawnSync("gofmt", ["-h"]).error === undefined;

const checks = [
  ["format", "oxfmt", "--check"],
  ["lint", "oxlint", "--deny-warnings"],
  ...[...packages.map((name) => `packages/${name}`), "examples", "benchmarks"]
    .filter((folder) => hasSources(folder))
    .map((folder) => [`types of ${folder}`, "tsc", "-p", folder]),
  ["types of the documentation's snippets", "tsc", "-p", "examples/.snippets", "--noEmit"],
  ["unused code", "knip"],
  ...packages
    .filter((name) => isPublic(name))
    .flatMap((name) => [
      [`publint ${name}`, "publint", "--strict", `packages/${name}`],
      ...(name === "cli"
        ? []
        : [[`attw ${name}`, "attw", "--pack", `packages/${name}`, "--profile", "esm-only"]]),
    ]),
];

function isPublic(name) {
  return JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")).private !== true;
}

function hasSources(folder) {
  return readdirSync(join(root, folder), { recursive: true }).some((name) => /(?<!config)\.ts$/.test(name));
}

try {
  const toolchain = ensureToolchain({ say });
  await prepare(toolchain);
  const failed = [];
  writeSnippets(root);
  for (const [name, command, ...args] of checks) {
    await check(name, join(root, "node_modules/.bin", command), args);
  }
  if (hasGo) {
    await check("gofmt", "sh", [
      "-c",
      'files=$(gofmt -l packages/agent) && echo "$files" && test -z "$files"',
    ]);
    await check("go vet", "go", ["-C", "packages/agent", "vet", "./..."]);
  } else say("left out: gofmt and go vet, there is no Go on this machine");
  if (failed.length > 0) throw new Error(`These checks failed: ${failed.join(", ")}`);

  async function check(name, command, args) {
    const { ok, interrupted } = await runStage({
      name,
      command,
      args,
      timeoutMs: 180_000,
      cwd: root,
      env: { ...toolchain.env, npm_config_loglevel: "error" },
    });
    if (interrupted) process.exit(130);
    if (!ok) failed.push(name);
  }
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
