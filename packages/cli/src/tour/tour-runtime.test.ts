import { SandboxError } from "@llm-sandbox/core";
import type { AutoOptions, Runtime } from "@llm-sandbox/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { tourRuntime } from "./tour-runtime.ts";

beforeEach(() => {
  for (const name of ["LLM_SANDBOX_RUNTIME", "DOCKER_HOST", "DOCKER_CONTEXT"]) vi.stubEnv(name, "");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const embedded = { name: "embedded" } as Runtime;
const oci = { name: "oci" } as Runtime;
const begin = (runtime: Runtime): Promise<string> => Promise.resolve(`begun on ${runtime.name}`);

/** An engine that is there and refuses this user. */
async function refusing({ runtime }: AutoOptions): Promise<Runtime> {
  if (runtime === "embedded") return embedded;
  throw new SandboxError("ENGINE_NOT_FOUND", "No engine answers.", { remedy: "Join the group docker." });
}

test("an engine that may not be used is said, and the guided run goes on without it", async () => {
  const said: string[] = [];
  const outcome = await tourRuntime({}, (message) => said.push(message), { begin, choose: refusing });
  expect(outcome).toEqual({ runtime: embedded, begun: "begun on embedded" });
  expect(said[0]).toContain("Join the group docker.");
});

test("so is one whose image cannot be had", async () => {
  const said: string[] = [];
  const choose = async ({ runtime }: AutoOptions): Promise<Runtime> =>
    runtime === "embedded" ? embedded : oci;
  const failing = async (runtime: Runtime): Promise<string> => {
    if (runtime === oci) throw new SandboxError("IMAGE_BUILD_FAILED", "No network.");
    return begin(runtime);
  };
  const outcome = await tourRuntime({}, (message) => said.push(message), { begin: failing, choose });
  expect(outcome.runtime).toBe(embedded);
  expect(said[0]).toContain("No network.");
  await expect(tourRuntime({ runtime: "oci" }, () => {}, { begin: failing, choose })).rejects.toThrow(
    "No network.",
  );
});

test("a runtime that was named is never replaced", async () => {
  const attempt = tourRuntime({ runtime: "docker" }, () => {}, { begin, choose: refusing });
  await expect(attempt).rejects.toThrow("No engine answers.");
});

test("an engine that was named is never replaced", async () => {
  const named = (): Promise<Runtime> => {
    const details = { chosen: true };
    return Promise.reject(new SandboxError("ENGINE_NOT_FOUND", "DOCKER_HOST does not answer.", { details }));
  };
  await expect(tourRuntime({}, () => {}, { begin, choose: named })).rejects.toThrow(
    "DOCKER_HOST does not answer.",
  );
});

test("an engine that the environment names is never replaced, whatever fails", async () => {
  vi.stubEnv("DOCKER_HOST", "unix:///somewhere");
  await expect(tourRuntime({}, () => {}, { begin, choose: refusing })).rejects.toThrow("No engine answers.");
});

test("no other failure is passed over", async () => {
  const failing = (): Promise<Runtime> => Promise.reject(new SandboxError("ENGINE_ERROR", "It broke."));
  await expect(tourRuntime({}, () => {}, { begin, choose: failing })).rejects.toThrow("It broke.");
});
