// Builds dist/agent-linux-amd64 and dist/agent-linux-arm64, with the machine's Go or else inside a container engine.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildInEngine } from "./build-in-engine.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const dist = join(folder, "dist");
const stamp = join(dist, "source-hash");
const architectures = ["amd64", "arm64"];
const oldestGo = [1, 24];

/** Every file that the binaries are made of, tests left out. */
function sourceFiles(path = folder) {
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) {
        return ["dist", "node_modules", "testdata", "endtoend", ".turbo"].includes(entry.name)
          ? []
          : sourceFiles(inside);
      }
      return /^go\.mod$|(?<!_test)\.go$/.test(entry.name) ? [inside] : [];
    })
    .sort();
}

function sourceHash(files) {
  const hash = createHash("sha256");
  for (const file of [...files, join(folder, "Dockerfile")]) {
    const content = readFileSync(file);
    hash.update(`${relative(folder, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** A Go that is new enough, or null. */
function findGo() {
  for (const go of ["go", "/usr/local/go/bin/go"]) {
    const { status, stdout } = spawnSync(go, ["env", "GOVERSION"], { encoding: "utf8", timeout: 30_000 });
    const version = /^go(\d+)\.(\d+)/.exec(stdout ?? "");
    if (status !== 0 || !version) continue;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    if (major > oldestGo[0] || (major === oldestGo[0] && minor >= oldestGo[1])) return go;
  }
  return null;
}

function buildWithGo(go, architecture) {
  const target = join(dist, `agent-linux-${architecture}`);
  const temporary = `${target}.${process.pid}`;
  const { status, stderr, error } = spawnSync(
    go,
    ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", temporary, "."],
    {
      cwd: folder,
      encoding: "utf8",
      env: {
        ...process.env,
        CGO_ENABLED: "0",
        GOOS: "linux",
        GOARCH: architecture,
        GOTOOLCHAIN: "local",
        GOFLAGS: "",
      },
    },
  );
  if (status !== 0) throw new Error(`go build for ${architecture} failed:\n${stderr || error?.message}`);
  renameSync(temporary, target);
}

async function main() {
  const files = sourceFiles();
  const hash = sourceHash(files);
  const isBuilt = architectures.every((architecture) =>
    existsSync(join(dist, `agent-linux-${architecture}`)),
  );
  if (isBuilt && existsSync(stamp) && readFileSync(stamp, "utf8") === hash) {
    console.log("agent: unchanged");
    return;
  }
  mkdirSync(dist, { recursive: true });
  rmSync(stamp, { force: true });
  const go = process.env.LLM_SANDBOX_AGENT_BUILD === "engine" ? null : findGo();
  if (go) {
    for (const architecture of architectures) buildWithGo(go, architecture);
  } else {
    const names = architectures.map((architecture) => `agent-linux-${architecture}`);
    const sources = [...files, join(folder, "Dockerfile")].map((file) => ({
      name: relative(folder, file).replaceAll("\\", "/"),
      content: readFileSync(file),
    }));
    for (const { name, content } of await buildInEngine(sources, names)) {
      const temporary = join(dist, `${name}.${process.pid}`);
      writeFileSync(temporary, content, { mode: 0o755 });
      renameSync(temporary, join(dist, name));
    }
  }
  writeFileSync(stamp, hash);
  console.log(`agent: built with ${go ? "Go" : "the container engine"}`);
}

try {
  await main();
} catch (error) {
  console.error(`agent: ${error.message}`);
  process.exitCode = 1;
}
