import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressOf, parseEndpoint } from "../connect.ts";
import { sshArguments } from "../ssh-agent.ts";
import type { Surroundings } from "./candidate.ts";
import { discoverEngine } from "./discover-engine.ts";

let home: string;
const servers: Server[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "engine-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(home, { recursive: true, force: true });
});

/** Answers the three questions of discovery as an engine does, the first `lateMs` late; for ever: accepts and says nothing. */
async function engine(at: string | number, version: string, lateMs = 0, info = {}): Promise<Server> {
  const started = Date.now() + lateMs;
  const answers: Record<string, unknown> = {
    "/_ping": "OK",
    "/version": { Version: version, Os: "linux", Arch: "amd64", Components: [{ Name: "Engine" }] },
    "/info": { OSType: "linux", SecurityOptions: ["name=seccomp,profile=default"], ...info },
  };
  const server = createServer((request, response) => {
    if (lateMs === Infinity) return;
    setTimeout(() => {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(answers[request.url?.split("?")[0] ?? ""] ?? null));
    }, started - Date.now());
  });
  if (typeof at === "string") await mkdir(dirname(at), { recursive: true });
  await new Promise<void>((resolve) => server.listen(at, () => resolve()));
  servers.push(server);
  return server;
}

const around = (env: Record<string, string> = {}): Surroundings => ({
  env: { XDG_RUNTIME_DIR: join(home, "run"), TMPDIR: join(home, "tmp"), ...env },
  home,
  platform: "linux",
  uid: 1000,
});

async function writeContext(name: string, host: string, current: boolean): Promise<void> {
  const id = createHash("sha256").update(name).digest("hex");
  const folder = join(home, ".docker/contexts/meta", id);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "meta.json"),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
  );
  if (current) await writeFile(join(home, ".docker/config.json"), JSON.stringify({ currentContext: name }));
}

describe("an engine", () => {
  it("named by the options comes before DOCKER_HOST, and that before the context", async () => {
    const [option, variable, context] = ["option", "variable", "context"].map((name) => join(home, name));
    await engine(option!, "1");
    await engine(variable!, "2");
    await engine(context!, "3");
    await writeContext("mine", `unix://${context}`, true);
    const env = { DOCKER_HOST: `unix://${variable}` };
    const version = async (options: object, env: Record<string, string>) =>
      (await discoverEngine(options, {}, around(env))).engine.version;
    expect(await version({ host: `unix://${option}` }, env)).toBe("1");
    expect(await version({ context: "mine" }, env)).toBe("3");
    expect(await version({}, env)).toBe("2");
    expect(await version({}, {})).toBe("3");
  });

  it("over TCP is found by DOCKER_HOST", async () => {
    const server = await engine(0, "4");
    const { port } = server.address() as AddressInfo;
    const found = await discoverEngine({}, {}, around({ DOCKER_HOST: `tcp://127.0.0.1:${port}` }));
    expect(found).toMatchObject({ source: "DOCKER_HOST", engine: { version: "4", kind: "docker" } });
  });

  it("that was chosen and does not answer is an error, though another would", async () => {
    await engine(join(home, ".colima/default/docker.sock"), "5");
    for (const [options, env] of [
      [{ host: `unix://${home}/nothing` }, {}],
      [{ context: "unknown" }, {}],
      [{}, { DOCKER_HOST: `unix://${home}/nothing` }],
      [{}, { DOCKER_CONTEXT: "unknown" }],
    ] as [object, Record<string, string>][]) {
      await expect(discoverEngine(options, {}, around(env))).rejects.toMatchObject({
        code: "ENGINE_NOT_FOUND",
        details: { tried: [expect.objectContaining({ reason: expect.any(String) })] },
      });
    }
  });

  it("that was chosen and hangs is a timeout, in the time that was given", async () => {
    const path = join(home, "hangs");
    await engine(path, "6", Infinity);
    const attempt = discoverEngine({ host: `unix://${path}`, timeoutMs: 200 }, {}, around());
    await expect(attempt).rejects.toMatchObject({ code: "ENGINE_TIMEOUT" });
  });

  it("that systemd starts when somebody connects is waited for", async () => {
    await engine(join(home, "slow"), "9", 3_500);
    const found = await discoverEngine({ host: `unix://${home}/slow` }, {}, around());
    expect(found.engine.version).toBe("9");
  });

  it.each([
    ["Docker's words", { SecurityOptions: ["name=seccomp,profile=default", "name=rootless"] }, true],
    ["Podman's", { SecurityOptions: ["name=apparmor"], Rootless: true }, true],
    ["neither's", { Rootless: false }, false],
  ])("is known to be rootless, with few ids, by %s", async (_, info, rootless) => {
    await engine(join(home, "socket"), "10", 0, info);
    const { engine: found } = await discoverEngine({ host: `unix://${home}/socket` }, {}, around());
    expect([found.rootless, found.fewIds]).toEqual([rootless, rootless]);
  });

  it("is never named by what is in the working folder, also where the home is empty", async () => {
    await engine(join(home, "theirs"), "66");
    await writeContext("theirs", `unix://${join(home, "theirs")}`, true);
    const look = `
      const { discoverEngine } = await import(${JSON.stringify(new URL("discover-engine.ts", import.meta.url).href)});
      const { source } = await discoverEngine({}).catch(({ message }) => ({ source: message }));
      console.log("found: " + source);`;
    const named = async (env: NodeJS.ProcessEnv) => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", look], {
        cwd: home,
        env: { ...process.env, DOCKER_HOST: "", DOCKER_CONTEXT: "", DOCKER_CONFIG: "", ...env },
        stdio: ["ignore", "pipe", "inherit"],
      });
      return text(child.stdout);
    };
    expect(await named({ HOME: home })).toMatch(/^found: .*"theirs"/);
    for (const empty of ["", ".", "relative"]) {
      const found = await named({ HOME: empty });
      expect(found).toMatch(/^found: /);
      expect(found).not.toContain("theirs");
    }
  });

  it("whose left-over local context is dead is looked for at the usual places", async () => {
    await writeContext("desktop-linux", `unix://${home}/dead.sock`, true);
    await engine(join(home, "run/podman/podman.sock"), "7");
    const found = await discoverEngine({}, {}, { ...around(), platform: "linux" }).catch(
      (error: Error) => error,
    );
    // The machine of this test may have a Docker of its own at /var/run.
    if (found instanceof Error) throw found;
    expect(found.attempts[0]).toMatchObject({ source: 'the docker context "desktop-linux"', missing: true });
  });

  it("whose remote context is dead is not replaced by a local one", async () => {
    await writeContext("far", "tcp://127.0.0.1:1", true);
    await engine(join(home, "run/docker.sock"), "8");
    await expect(discoverEngine({}, {}, around())).rejects.toThrow(/far.*does not answer/);
  });

  it.each(["nonsense", "unix://relative", "ssh://-oProxyCommand=x/", "ftp://host", "tcp://"])(
    "has no address like %j",
    async (host) => {
      await expect(discoverEngine({ host }, {}, around())).rejects.toMatchObject({ code: "INVALID_OPTION" });
    },
  );
});

describe("an engine's address", () => {
  it.each([
    ["unix:///run/x.sock", "unix:///run/x.sock"],
    ["tcp://host", "tcp://host:2375"],
    ["https://host", "tcp://host:2376"],
    ["tcp://[::1]:99", "tcp://[::1]:99"],
    ["npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine"],
    ["ssh://me@host:22", "ssh://me@host:22"],
  ])("%s is read as %s", (host, address) => {
    expect(addressOf(parseEndpoint(host, null))).toBe(address);
  });

  it("through ssh is handed to ssh as separate words, a socket's path quoted for the remote shell", () => {
    expect(sshArguments(new URL("ssh://me@host:2222"))).toEqual(
      ["-l", "me", "-p", "2222", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-T", "--", "host"].concat(
        ["docker", "system", "dial-stdio"],
      ),
    );
    expect(sshArguments(new URL("ssh://host/run/it's.sock")).slice(-5)).toEqual([
      "docker",
      "--host",
      `'unix:///run/it'\\''s.sock'`,
      "system",
      "dial-stdio",
    ]);
  });
});
