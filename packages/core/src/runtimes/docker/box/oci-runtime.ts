import { SandboxError } from "../../../errors.ts";
import type { Engine } from "../../engine/engine.ts";

/** Throws unless the engine will really run boxes with the OCI runtime that was asked for. */
export function checkOciRuntime(engine: Engine, ociRuntime: string | undefined): void {
  const { kind, ociRuntimes, defaultOciRuntime } = engine;
  if (ociRuntime === undefined || ociRuntime === defaultOciRuntime) return;
  if (kind === "podman") {
    // Its Docker API takes the field and ignores it, so the box would be weaker than asked for.
    throw new SandboxError(
      "UNSUPPORTED",
      `Podman's Docker API cannot choose the OCI runtime "${ociRuntime}" for a box; it runs "${defaultOciRuntime}".`,
      { remedy: `Start its service with \`podman --runtime ${ociRuntime} system service\`.` },
    );
  }
  if (ociRuntimes.length === 0 || ociRuntimes.includes(ociRuntime)) return;
  // containerd's own names of runtimes need no entry in the engine's settings.
  if (ociRuntime.startsWith("io.containerd.")) return;
  throw new SandboxError("BOX_START_FAILED", `The engine knows no OCI runtime "${ociRuntime}".`, {
    remedy: `Install it and tell the engine of it; it knows: ${ociRuntimes.join(", ")}.`,
  });
}
