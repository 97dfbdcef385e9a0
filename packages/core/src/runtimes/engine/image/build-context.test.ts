import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf, packContext, readContext } from "./build-context.ts";
import { certificateEntries } from "./certificates.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "build-context-"));
  await writeFile(join(folder, "Dockerfile"), "FROM scratch\nCOPY . /\n");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const digest = async (path = join(folder, "Dockerfile")) => digestOf(await readContext(path));

async function packed(path: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const reader = extract();
  packContext(await readContext(path)).pipe(reader);
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files[entry.header.name] = entry.header.linkname ?? Buffer.concat(chunks).toString();
  }
  return files;
}

describe("the digest of a build's context", () => {
  it("changes with what the build sees, and with nothing else", async () => {
    await writeFile(join(folder, "a"), "1");
    await writeFile(join(folder, ".dockerignore"), "ignored\n");
    const first = await digest();
    await writeFile(join(folder, "ignored"), "anything");
    await utimes(join(folder, "a"), 1, 1);
    await chmod(join(folder, "a"), 0o600);
    expect(await digest()).toBe(first);
    expect(await digest(folder)).toBe(first);
    const seen = new Set([first]);
    await chmod(join(folder, "a"), 0o755);
    seen.add(await digest());
    await writeFile(join(folder, "a"), "2");
    seen.add(await digest());
    await symlink("a", join(folder, "link"));
    seen.add(await digest());
    await mkdir(join(folder, "empty"));
    seen.add(await digest());
    await writeFile(join(folder, "Dockerfile"), "FROM scratch\n");
    seen.add(await digest());
    expect(seen.size).toBe(6);
  });

  it("prefers the ignore file of the Dockerfile's own name, and never leaves the Dockerfile out", async () => {
    await writeFile(join(folder, "Other"), "FROM scratch\n");
    await writeFile(join(folder, ".dockerignore"), "");
    await writeFile(join(folder, "Other.dockerignore"), "*\n");
    expect(Object.keys(await packed(join(folder, "Other")))).toEqual([".dockerignore", "Other"]);
  });
});

describe("the packed context", () => {
  it("has files whole, links as links and folders that only a taken-back file is in", async () => {
    await mkdir(join(folder, "a/b"), { recursive: true });
    await writeFile(join(folder, "a/b/keep"), "x".repeat(200_000));
    await writeFile(join(folder, "a/drop"), "");
    await writeFile(join(folder, "empty"), "");
    await symlink("/etc/passwd", join(folder, "link"));
    await writeFile(join(folder, ".dockerignore"), "a\n!a/b/keep\n");
    const files = await packed(folder);
    expect(Object.keys(files).sort()).toEqual(
      [".dockerignore", "Dockerfile", "a", "a/b", "a/b/keep", "empty", "link"].sort(),
    );
    expect(files["a/b/keep"]?.length).toBe(200_000);
    expect(files["link"]).toBe("/etc/passwd");
  });

  it("says what is wrong with a Dockerfile that is not there", async () => {
    await expect(readContext(join(folder, "Nothing"))).rejects.toMatchObject({
      code: "IMAGE_BUILD_FAILED",
      remedy: expect.stringContaining("path of a Dockerfile"),
    });
  });
});

describe("the host's additional authorities", () => {
  const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;

  it("are found in folders and variables, once each, and never with keys or whole bundles", async () => {
    await writeFile(join(folder, "company.crt"), pem("one"));
    await writeFile(join(folder, "notes.txt"), pem("notes"));
    await writeFile(join(folder, "with-key.pem"), `${pem("two")}-----BEGIN PRIVATE KEY-----\n`);
    await writeFile(join(folder, "bundle.crt"), pem("x".repeat(70_000)));
    await mkdir(join(folder, "more"));
    await writeFile(join(folder, "more/company.crt"), pem("three"));
    await writeFile(join(folder, "copy.pem"), pem("one"));
    const entries = await certificateEntries(
      { SSL_CERT_FILE: join(folder, "more/company.crt"), NODE_EXTRA_CA_CERTS: join(folder, "absent.pem") },
      [folder, join(folder, "absent")],
    );
    expect(entries.map(({ path }) => path)).toEqual([
      "certificates",
      "certificates/README",
      "certificates/company.crt",
      "certificates/company-2.crt",
    ]);
  });
});
