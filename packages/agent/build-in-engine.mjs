import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { buffer } from "node:stream/consumers";

const howToGoOn =
  "Install Go 1.24 or later (https://go.dev/dl), or start Docker or Podman (set DOCKER_HOST if it listens elsewhere), and build again.";

/** Builds the Dockerfile among `sources` and returns the files of its last stage that are in `names`. */
export async function buildInEngine(sources, names) {
  const { docker, tar } = await connect();
  const context = tar.pack();
  for (const { name, content } of sources) context.entry({ name, mtime: new Date(0) }, content);
  context.finalize();
  const output = await docker.buildImage(context, {
    t: "llm-sandbox-agent-build:latest",
    rm: true,
    forcerm: true,
  });
  await new Promise((resolve, reject) => {
    const log = [];
    docker.modem.followProgress(
      output,
      (error) =>
        error
          ? reject(new Error(`the build in the engine failed: ${error.message}\n${log.slice(-20).join("")}`))
          : resolve(),
      (event) => event.stream && log.push(event.stream),
    );
  });
  const container = await docker.createContainer({ Image: "llm-sandbox-agent-build:latest" });
  try {
    const files = [];
    for (const name of names)
      files.push({ name, content: await extract(tar, await container.getArchive({ path: `/${name}` })) });
    return files;
  } finally {
    await container.remove({ force: true });
  }
}

async function connect() {
  let Docker, tar;
  try {
    const fromCore = createRequire(new URL("../core/package.json", import.meta.url));
    [Docker, tar] = [fromCore("dockerode"), fromCore("tar-stream")];
  } catch {
    throw new Error(
      `there is no Go, and the packages that talk to an engine are not installed (pnpm install). ${howToGoOn}`,
    );
  }
  for (const options of engines()) {
    const docker = new Docker({ ...options, timeout: 600_000 });
    try {
      await docker.ping();
      return { docker, tar };
    } catch {
      // The next one may answer.
    }
  }
  throw new Error(`there is neither Go nor a container engine that answers. ${howToGoOn}`);
}

/** Where an engine may listen, the likeliest first. */
function engines() {
  if (process.env.DOCKER_HOST) return [{}];
  const run = process.env.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.() ?? 0}`;
  const sockets = [
    "/var/run/docker.sock",
    `${run}/docker.sock`,
    `${homedir()}/.docker/run/docker.sock`,
    `${homedir()}/.colima/default/docker.sock`,
    `${run}/podman/podman.sock`,
    "/run/podman/podman.sock",
  ];
  const found = sockets.filter((path) => existsSync(path)).map((socketPath) => ({ socketPath }));
  return process.platform === "win32" ? [{ socketPath: "//./pipe/docker_engine" }] : found;
}

async function extract(tar, archive) {
  const extraction = tar.extract();
  archive.pipe(extraction);
  for await (const entry of extraction) {
    // Leaving the loop destroys the entry, so it is read to its end first.
    if (entry.header.type === "file") return await buffer(entry);
  }
  throw new Error("the engine returned no file");
}
