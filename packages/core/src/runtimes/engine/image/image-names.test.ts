import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { splitReference } from "./pull-image.ts";
import { registryAuth } from "./registry-auth.ts";
import { checkReference } from "./resolved-image.ts";

describe("an image's name", () => {
  it.each([
    ["debian", "debian", "latest"],
    ["debian:12", "debian", "12"],
    ["localhost:5000/a/b", "localhost:5000/a/b", "latest"],
    ["localhost:5000/a/b:c", "localhost:5000/a/b", "c"],
    ["a@sha256:00", "a", "sha256:00"],
    ["a:tag@sha256:00", "a", "sha256:00"],
  ])("%s is fetched as %s and %s", (reference, name, tag) => {
    expect(splitReference(reference)).toEqual({ name, tag });
  });

  it.each([
    "",
    " ",
    "a b",
    "a?x=1",
    "../containers",
    "a/../../b",
    "a//b",
    "a\0",
    "-a",
    "ä",
    "a#b",
    "x".repeat(600),
  ])("%j is refused before an engine hears of it", (reference) => {
    expect(() => checkReference(reference)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  });
});

describe("what docker login has stored", () => {
  it("goes along with a fetch from that registry only", async () => {
    const folder = await mkdtemp(join(tmpdir(), "registry-auth-"));
    const auth = Buffer.from("me:pass:word").toString("base64");
    const auths = { "registry.example": { auth }, "https://index.docker.io/v1/": { auth } };
    await writeFile(join(folder, "config.json"), JSON.stringify({ auths }));
    const read = async (name: string) => {
      const header = await registryAuth(name, folder);
      return header === null ? null : (JSON.parse(Buffer.from(header, "base64url").toString()) as unknown);
    };
    expect(await read("registry.example/a/b")).toEqual({
      username: "me",
      password: "pass:word",
      serveraddress: "registry.example",
    });
    expect(await read("debian")).toMatchObject({ serveraddress: "https://index.docker.io/v1/" });
    expect(await read("other.example/a")).toBe(null);
    await writeFile(join(folder, "config.json"), "not json");
    expect(await read("debian")).toBe(null);
    await rm(folder, { recursive: true });
  });
});
