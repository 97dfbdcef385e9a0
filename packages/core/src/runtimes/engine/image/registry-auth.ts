import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { homeFolder } from "../../shared/home-folder.ts";

interface DockerSettings {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

const helperMs = 10_000;

/**
 * What `docker login` has stored for the registry of an image, as the header that an engine takes; null when there is
 * nothing or it cannot be had: the image may be public.
 */
export async function registryAuth(
  imageName: string,
  folder: string = process.env["DOCKER_CONFIG"] || join(homeFolder(), ".docker"),
): Promise<string | null> {
  try {
    const settings = JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as DockerSettings;
    for (const server of serversOf(imageName)) {
      const found = (await fromHelper(settings, server)) ?? fromFile(settings, server);
      if (!found) continue;
      const header = JSON.stringify({ ...found, serveraddress: server });
      return Buffer.from(header).toString("base64url");
    }
  } catch {
    // Absent or broken settings: as if nobody had logged in.
  }
  return null;
}

/** The names under which `docker login` may have filed the registry of an image. */
export function serversOf(imageName: string): string[] {
  const [first = "", ...rest] = imageName.split("/");
  const named = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (!named || first === "docker.io" || first === "index.docker.io") {
    return ["https://index.docker.io/v1/", "index.docker.io", "docker.io"];
  }
  return [first, `https://${first}`];
}

type Credentials = Readonly<Record<string, string>>;

function fromFile({ auths }: DockerSettings, server: string): Credentials | null {
  const entry = auths?.[server];
  if (!entry) return null;
  if (entry.identitytoken) return { identitytoken: entry.identitytoken };
  if (!entry.auth) return null;
  const text = Buffer.from(entry.auth, "base64").toString();
  const at = text.indexOf(":");
  return at < 0 ? null : { username: text.slice(0, at), password: text.slice(at + 1) };
}

async function fromHelper(settings: DockerSettings, server: string): Promise<Credentials | null> {
  const helper = settings.credHelpers?.[server] ?? settings.credsStore;
  if (!helper || !/^[\w.-]+$/.test(helper)) return null;
  const answer = await new Promise<string | null>((resolve) => {
    const child = execFile(
      `docker-credential-${helper}`,
      ["get"],
      { timeout: helperMs, windowsHide: true },
      (error, stdout) => resolve(error ? null : stdout),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(server);
  });
  if (answer === null) return null;
  const { Username, Secret } = JSON.parse(answer) as { Username?: string; Secret?: string };
  if (!Username || !Secret) return null;
  return Username === "<token>" ? { identitytoken: Secret } : { username: Username, password: Secret };
}
