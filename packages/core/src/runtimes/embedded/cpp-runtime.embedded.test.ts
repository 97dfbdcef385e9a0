import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "vitest";

test("what C++ programs are linked with is what its sources make", async () => {
  const script = fileURLToPath(new URL("../../../scripts/embed-cpp-runtime.mjs", import.meta.url));
  await promisify(execFile)(process.execPath, [script, "--check"]);
});
