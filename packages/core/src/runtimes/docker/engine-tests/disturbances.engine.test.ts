import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../engine/engine.ts";
import { docker } from "../index.ts";
import { hello, specFor, until } from "../../shared/testing/box-under-test.ts";
import { containersOf, dockerfile, engineAt, removeTestImages } from "./box-under-test.ts";
import { enginesUnderTest } from "./engines-under-test.ts";
import { engineProxy, type EngineProxy } from "./engine-proxy.ts";

const engines = await enginesUnderTest();
const index = new URL("../index.ts", import.meta.url).href;

describe.skipIf(engines.length === 0).each(engines)("the way to %s", (address) => {
  let engine: Engine;
  let image: Awaited<ReturnType<typeof dockerfile>>;
  let proxy: EngineProxy | undefined;
  beforeAll(async () => {
    engine = await engineAt(address);
    image = await dockerfile([]);
    await docker({ host: address }).prepare?.(specFor(image.source));
  });
  afterEach(async () => {
    await proxy?.close();
    proxy = undefined;
  });
  afterAll(async () => {
    await image.remove();
    await removeTestImages(engine);
  });

  it.each([/\/start\b/, /\/attach\b/, /\/create\b/])(
    "hangs at %s: the caller gets ENGINE_TIMEOUT, and nothing is left",
    async (pattern) => {
      proxy = await engineProxy(address);
      const runtime = docker({ host: proxy.address, timeoutMs: 4000 });
      await runtime.prepare?.(specFor(image.source));
      const spec = specFor(image.source);
      proxy.swallow(pattern);
      await expect(runtime.launch(spec)).rejects.toMatchObject({ code: "ENGINE_TIMEOUT" });
      expect(await containersOf(engine, spec.sessionId)).toEqual([]);
    },
  );

  it("hangs for good: destroying ends with ENGINE_TIMEOUT and the box is known to be lost", async () => {
    proxy = await engineProxy(address);
    const runtime = docker({ host: proxy.address, timeoutMs: 4000 });
    const spec = specFor(image.source);
    const box = await runtime.launch(spec);
    await hello(box);
    proxy.freeze();
    await expect(box.destroy()).rejects.toMatchObject({ code: "ENGINE_TIMEOUT" });
    expect((await box.gone).reason).toBe("lost");
    proxy.cut();
    await until(async () => (await containersOf(engine, spec.sessionId)).length === 0);
  });

  it("is cut: the stream ends, and the box by itself", async () => {
    proxy = await engineProxy(address);
    const spec = specFor(image.source);
    const box = await docker({ host: proxy.address }).launch(spec);
    await hello(box);
    const ended = new Promise((resolve) => box.stream.once("end", resolve).once("error", resolve));
    box.stream.resume();
    proxy.cut();
    await ended;
    expect(["removed", "exited"]).toContain((await box.gone).reason);
    await until(async () => (await containersOf(engine, spec.sessionId)).length === 0);
    await box.destroy();
  });

  it("ends with a SIGKILL of this program, and so does the box", async () => {
    const spec = specFor(image.source);
    const script = `
      const { docker } = await import(${JSON.stringify(index)});
      await docker({ host: ${JSON.stringify(address)} }).launch(${JSON.stringify(spec)});
      console.log("launched");
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(await containersOf(engine, spec.sessionId)).toHaveLength(1);
    child.kill("SIGKILL");
    await until(async () => (await containersOf(engine, spec.sessionId)).length === 0);
  });

  it("leads over TLS, with certificates of both sides", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-tls-"));
    try {
      const mine = await certificates(folder, "mine");
      const other = await certificates(folder, "other");
      proxy = await engineProxy(address, { ca: mine.ca, cert: mine.cert, key: mine.key });
      const box = await docker({ host: proxy.address, tls: mine }).launch(specFor(image.source));
      await hello(box);
      await box.destroy();
      await expect(
        docker({ host: proxy.address, tls: { ...mine, ca: other.ca } }).launch(specFor(image.source)),
      ).rejects.toMatchObject({ code: "ENGINE_NOT_FOUND", message: expect.stringMatching(/certificate/) });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("leads through ssh", async () => {
    const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-ssh-"));
    const path = process.env["PATH"];
    try {
      // Stands for ssh and for `docker system dial-stdio` at its other end.
      const relay = `#!${process.execPath}
        require("node:fs").appendFileSync(${JSON.stringify(join(folder, "calls"))}, process.argv.slice(2).join(" ") + "\\n");
        const engine = require("node:net").connect(${JSON.stringify(address.replace("unix://", ""))});
        process.stdin.pipe(engine).pipe(process.stdout);`;
      await writeFile(join(folder, "ssh"), relay);
      await chmod(join(folder, "ssh"), 0o755);
      process.env["PATH"] = `${folder}:${path}`;
      const spec = specFor(image.source);
      const box = await docker({ host: "ssh://me@engine.example" }).launch(spec);
      await hello(box);
      await box.destroy();
      expect(await containersOf(engine, spec.sessionId)).toEqual([]);
      expect(await readFile(join(folder, "calls"), "utf8")).toMatch(
        /^-l me .* engine\.example docker system dial-stdio$/m,
      );
      await writeFile(join(folder, "ssh"), "#!/bin/sh\necho Permission denied >&2\nexit 255\n");
      await expect(docker({ host: "ssh://me@engine.example" }).launch(spec)).rejects.toMatchObject({
        code: "ENGINE_NOT_FOUND",
        message: expect.stringMatching(/Permission denied/),
      });
    } finally {
      process.env["PATH"] = path;
      await rm(folder, { recursive: true });
    }
  });
});

/** An authority, and one certificate by it that serves both sides. */
async function certificates(
  folder: string,
  name: string,
): Promise<{ ca: string; cert: string; key: string }> {
  const at = (part: string) => join(folder, `${name}-${part}`);
  const openssl = (...words: string[]) => execFileSync("openssl", words, { stdio: "pipe" });
  const subject = (text: string) => ["-subj", `/CN=${text}`];
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca"),
    "-days",
    "2",
    ...subject(`${name} authority`),
  );
  openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    at("key"),
    "-out",
    at("csr"),
    ...subject("localhost"),
  );
  await writeFile(at("ext"), "subjectAltName=IP:127.0.0.1\n");
  openssl(
    "x509",
    "-req",
    "-in",
    at("csr"),
    "-CA",
    at("ca"),
    "-CAkey",
    at("ca.key"),
    "-CAcreateserial",
    "-out",
    at("cert"),
    "-days",
    "2",
    "-extfile",
    at("ext"),
  );
  const [ca, cert, key] = await Promise.all(["ca", "cert", "key"].map((part) => readFile(at(part), "utf8")));
  return { ca: ca!, cert: cert!, key: key! };
}
