import { posix } from "node:path";
import type { Strategy, Surroundings } from "./candidate.ts";

/** Where engines listen when nobody has told them otherwise: Docker first, then what is made to be used like it. */
export const usualSockets: Strategy = (surroundings) => {
  return placesOf(surroundings).map(([source, path]) => ({
    source,
    target: { kind: "socket", path },
    chosen: false,
  }));
};

function placesOf({ env, home, platform, uid }: Surroundings): [string, string][] {
  if (platform === "win32") {
    return [
      ["Docker's usual pipe", "//./pipe/docker_engine"],
      ["Docker Desktop's pipe", "//./pipe/dockerDesktopLinuxEngine"],
      ["Podman machine's pipe", "//./pipe/podman-machine-default"],
    ];
  }
  const runtime = env["XDG_RUNTIME_DIR"] || (uid === null ? null : `/run/user/${uid}`);
  const temporary = env["TMPDIR"] || "/tmp";
  const data = env["XDG_DATA_HOME"] || posix.join(home, ".local/share");
  const at = (...parts: string[]) => posix.join(...parts);
  const machine = (name: string) => at(data, "containers/podman/machine", name);
  return [
    ["Docker's usual socket", "/var/run/docker.sock"],
    ...(runtime === null ? [] : [["rootless Docker", at(runtime, "docker.sock")] as [string, string]]),
    ["Docker Desktop", at(home, ".docker/run/docker.sock")],
    ["Docker Desktop for Linux", at(home, ".docker/desktop/docker.sock")],
    ["Colima", at(env["COLIMA_HOME"] || at(home, ".colima"), "default/docker.sock")],
    ["OrbStack", at(home, ".orbstack/run/docker.sock")],
    ["Rancher Desktop", at(home, ".rd/docker.sock")],
    ["Podman", "/run/podman/podman.sock"],
    ...(runtime === null ? [] : [["rootless Podman", at(runtime, "podman/podman.sock")] as [string, string]]),
    ["Podman machine", at(temporary, "podman/podman-machine-default-api.sock")],
    ["Podman machine", machine("podman.sock")],
    ["Podman machine", machine("qemu/podman.sock")],
  ];
}
