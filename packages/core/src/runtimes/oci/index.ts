import type { Runtime } from "../../runtime.ts";
import { checkOciOptions, type OciOptions } from "./oci-options.ts";
import { OciRuntime } from "./oci-runtime.ts";

export type { OciOptions } from "./oci-options.ts";

/**
 * Boxes started by an OCI runtime (crun, runc, youki, gVisor's runsc) without a daemon, on Linux. The machine is looked
 * at with the first box: throws INVALID_OPTION here for options that cannot be, and there ENGINE_NOT_FOUND when there
 * is no OCI runtime, UNSUPPORTED when the limits of a box could not be enforced.
 */
export function oci(options: OciOptions = {}): Runtime {
  return new OciRuntime(checkOciOptions(options));
}
