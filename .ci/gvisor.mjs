import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheFolder } from "../scripts/toolchain.mjs";

/** Debian's is from 2022 and lacks what boxes need. */
const version = "v0.0.0-20260905035102-160fafc42237";
const buildMs = 5 * 60_000;

/**
 * Path of a current gVisor's `runsc`, built with Go where it is not in the home folder's cache yet.
 * Null, with the reason printed, where it cannot be built or does not start.
 */
export async function makeGvisor(stage) {
  if (process.platform !== "linux") return leftOut("it needs Linux");
  const folder = join(cacheFolder(), "gvisor", version);
  const program = join(folder, "runsc");
  if (!existsSync(program)) {
    const go = ["go", "/usr/local/go/bin/go"].find((name) => starts(name, ["version"]));
    if (go === undefined) return leftOut("there is no Go on this machine to build it with");
    const unfinished = `${folder}-${process.pid}`;
    mkdirSync(dirname(folder), { recursive: true });
    const source = `gvisor.dev/gvisor/runsc@${version}`;
    const built = await stage("build gVisor", buildMs, go, ["install", "-ldflags=-s -w", source], {
      // It has to be static.
      env: { CGO_ENABLED: "0", GOBIN: unfinished },
    });
    if (built.ok) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(unfinished, folder);
    }
    rmSync(unfinished, { recursive: true, force: true });
    if (!built.ok) return leftOut("it could not be built (see above)");
  }
  return starts(program, ["--version"]) ? program : leftOut(`${program} does not start here`);
}

function starts(program, args) {
  return spawnSync(program, args, { stdio: "ignore", timeout: 30_000 }).status === 0;
}

function leftOut(reason) {
  console.log(`LEFT OUT: everything in gVisor, as ${reason}.`);
  return null;
}
