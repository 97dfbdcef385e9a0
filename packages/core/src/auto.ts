import type { Runtime } from "./runtime.ts";

/** The runtime of a session that names none: the container engine found on this machine. */
export async function auto(): Promise<Runtime> {
  const { docker } = await import("./runtimes/docker/index.ts");
  return (defaultRuntime ??= docker());
}

/** One for the program, so that its engine is looked for once. */
let defaultRuntime: Runtime | undefined;
