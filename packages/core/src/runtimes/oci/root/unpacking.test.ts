import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listingOf, tame } from "./listing.ts";
import { makeMountPoints } from "./mount-points.ts";
import { unpackTar } from "./unpack-tar.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "llm-sandbox-root-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();

describe("the listing of a root", () => {
  it("changes with every change of a file, not with folders that are made to mount on", async () => {
    writeFileSync(join(folder, "file"), "one");
    symlinkSync("file", join(folder, "link"));
    const before = await listingOf(folder);
    await makeMountPoints(folder, ["/workspace/deep"]);
    expect(await listingOf(folder)).toBe(before);
    const seen = new Set([before]);
    const changes: (() => void)[] = [
      () => chmodSync(join(folder, "file"), 0o700),
      () => utimesSync(join(folder, "file"), 0, 0),
      // Also with its size and its times as they were.
      () => {
        writeFileSync(join(folder, "file"), "two");
        utimesSync(join(folder, "file"), 0, 0);
      },
      () => writeFileSync(join(folder, "workspace/deep/more"), ""),
      () => rmSync(join(folder, "link")),
    ];
    for (const change of changes) {
      change();
      seen.add(await listingOf(folder));
    }
    expect(seen.size).toBe(changes.length + 1);
  });
});

describe("a root that is tamed", () => {
  it("makes nobody somebody else, has nothing but files, folders and links, and is its user's to change", async () => {
    mkdirSync(join(folder, "closed/inner"), { recursive: true });
    writeFileSync(join(folder, "closed/inner/program"), "#!/bin/sh", { mode: 0o755 });
    chmodSync(join(folder, "closed/inner/program"), 0o6755);
    execFileSync("sh", ["-c", `mkfifo ${join(folder, "closed/fifo")}`]);
    symlinkSync("/etc", join(folder, "closed/link"));
    chmodSync(join(folder, "closed/inner"), 0o2555);
    chmodSync(join(folder, "closed"), 0o055);
    chmodSync(folder, 0o555);
    await tame(folder);
    const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o7777).toString(8);
    expect(["", "closed", "closed/inner", "closed/inner/program"].map(modeOf)).toEqual([
      "755",
      "755",
      "755",
      "755",
    ]);
    expect(readdirSync(join(folder, "closed")).sort()).toEqual(["inner", "link"]);
  });
});

describe("folders to mount on", () => {
  it("can be made for several boxes at once", async () => {
    const deep = ["/one/two/three", "/one/four"];
    await Promise.all(Array.from({ length: 20 }, () => makeMountPoints(folder, deep)));
    expect(readdirSync(join(folder, "one")).sort()).toEqual(["four", "two"]);
  });

  it("follow no link out of the root and replace no file", async () => {
    const outside = mkdtempSync(join(tmpdir(), "llm-sandbox-outside-"));
    symlinkSync(outside, join(folder, "link"));
    writeFileSync(join(folder, "file"), "");
    await makeMountPoints(folder, ["/link/inner"]);
    expect(readdirSync(outside)).toEqual([]);
    await expect(makeMountPoints(folder, ["/file"])).rejects.toMatchObject({ code: "INVALID_OPTION" });
    rmSync(outside, { recursive: true });
  });
});

describe("unpacking", () => {
  function archive(...args: readonly string[]): Readable {
    return Readable.from([execFileSync("tar", ["--create", ...args])]);
  }

  it("leaves devices out and counts what comes", async () => {
    let bytes = 0;
    const files = archive("--directory", "/", "--no-recursion", "dev", "dev/null", "etc", "etc/hostname");
    await unpackTar(files, folder, { signal, onBytes: (total) => (bytes = total) });
    expect(readdirSync(join(folder, "dev"))).toEqual([]);
    expect(readFileSync(join(folder, "etc/hostname"))).toEqual(readFileSync("/etc/hostname"));
    expect(bytes).toBeGreaterThan(1_000);
  });

  it("refuses what is no tar, and what is cut", async () => {
    const garbage = Readable.from([Buffer.alloc(4_096, 7)]);
    await expect(unpackTar(garbage, folder, { signal })).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    const whole = execFileSync("tar", ["--create", "--directory", "/etc", "passwd"]);
    const cut = Readable.from([whole.subarray(0, 700)]);
    await expect(unpackTar(cut, folder, { signal })).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });

  it("ends when it is aborted", async () => {
    const abort = new AbortController();
    const endless = new Readable({ read() {} });
    setTimeout(() => abort.abort(new Error("changed my mind")), 50);
    await expect(unpackTar(endless, folder, { signal: abort.signal })).rejects.toThrow("changed my mind");
  });
});
