import type { BootSpec } from "./spawn.ts";
import { call } from "./wire.ts";

// A graphics driver of the machine is behind it, outside of V8's walls.
if ("navigator" in globalThis) {
  const prototype = Object.getPrototypeOf(globalThis.navigator) as object;
  Reflect.deleteProperty(prototype, "gpu");
  Object.defineProperty(prototype, "hardwareConcurrency", { value: 1 });
}
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (name.startsWith("GPU")) Reflect.deleteProperty(globalThis, name);
}

/** The child's first call; what it becomes is the answer. Imports nothing that it does not become. */
const boot = call({ op: "boot" }).value as unknown as BootSpec;

if (boot.role === "snapshot") await (await import("./python-snapshot.ts")).makeSnapshot(boot);
else if (boot.role === "python") await (await import("./python.ts")).bePython(boot);
else if (boot.role === "javascript") await (await import("./javascript.ts")).beJavaScript(boot);
else if (boot.role === "ruby") await (await import("./ruby.ts")).beRuby(boot);
else if (boot.role === "compiler") await (await import("./compiler.ts")).beCompiler(boot);
else if (boot.role === "compiled-files") (await import("./compiled-files.ts")).makeCompiledFiles(boot);
else if (boot.role === "program") await (await import("./program.ts")).beProgram();
else await (await import("./bash.ts")).beBash();
