// Packs the public packages, installs the tarballs into an empty folder, and runs the README's quick start there.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEngine } from "./find-engine.mjs";
import { prepare, root } from "./prepare.mjs";
import { say } from "./say.mjs";
import { ensureToolchain } from "./toolchain.mjs";

const folder = mkdtempSync(join(tmpdir(), "llm-sandbox-pack-"));
try {
  const toolchain = ensureToolchain({ say });
  await prepare(toolchain);
  const run = (command, args, cwd, input) => {
    const result = spawnSync(command, args, {
      cwd,
      env: toolchain.env,
      input: input ?? "",
      encoding: "utf8",
      timeout: 180_000,
    });
    if (result.status === 0) return result.stdout;
    throw new Error(
      `${command} ${args.join(" ")} failed (${result.signal ?? result.status}): ${result.error?.message ?? ""}\n${result.stdout}${result.stderr}`,
    );
  };

  say("packing");
  for (const name of publicPackages()) {
    run("pnpm", ["--dir", `packages/${name}`, "pack", "--pack-destination", folder], root);
  }
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));

  say(`installing ${tarballs.join(", ")} into an empty folder`);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const install = ["install", "--no-audit", "--no-fund"];
  run("npm", [...install, ...tarballs.map((name) => `./${name}`), ...optionalPeers()], folder);

  say("importing every entry");
  writeFileSync(
    join(folder, "entries.mjs"),
    publicEntries()
      .map((entry) => `await import(${JSON.stringify(entry)});`)
      .join("\n"),
  );
  run(toolchain.node, ["entries.mjs"], folder);
  const bin = join(folder, "node_modules/.bin/llm-sandbox");
  run(bin, ["--help"], folder);
  run(join(folder, "node_modules/.bin/llm-sandbox-mcp"), ["--version"], folder);

  const [engine] = await findEngine(toolchain);
  if (engine === undefined) say("left out: the quick start itself, no engine answers");
  else {
    say("running the README's quick start");
    writeFileSync(join(folder, "quick-start.ts"), quickStart());
    process.stdout.write(run(toolchain.node, ["quick-start.ts"], folder));
    say("running code from standard input with the installed command");
    const output = run(bin, ["run", "-"], folder, "print(6 * 7)");
    if (output.trim() !== "42") throw new Error(`Expected 42, got ${JSON.stringify(output)}`);
  }
  say("the packed tarballs work");
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function manifest(name) {
  return JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
}

function publicPackages() {
  return readdirSync(join(root, "packages")).filter((name) => !manifest(name).private);
}

/** What npm does not install by itself, and some entry imports. */
function optionalPeers() {
  return publicPackages()
    .map(manifest)
    .flatMap(({ peerDependencies = {}, peerDependenciesMeta = {} }) =>
      Object.keys(peerDependenciesMeta).map((name) => `${name}@${peerDependencies[name]}`),
    );
}

function publicEntries() {
  return publicPackages()
    .map(manifest)
    .flatMap(({ name, exports }) =>
      Object.keys(exports)
        .filter((key) => key !== "./package.json")
        // The conformance suite needs vitest, which an author of a runtime has and this folder has not.
        .filter((key) => key !== "./testing")
        .map((key) => name + key.slice(1)),
    );
}

function quickStart() {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (code === undefined) throw new Error("README.md has no TypeScript block.");
  return code;
}
