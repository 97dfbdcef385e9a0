import { SandboxError } from "@llm-sandbox/core";
import type { AutoOptions, Runtime } from "@llm-sandbox/core";
import { expect, test } from "vitest";
import { tourRuntime } from "./tour-runtime.ts";

const embedded = { name: "embedded" } as Runtime;

/** An engine that is there and refuses this user. */
async function refusing({ runtime }: AutoOptions): Promise<Runtime> {
  if (runtime === "embedded") return embedded;
  throw new SandboxError("ENGINE_NOT_FOUND", "No engine answers.", { remedy: "Join the group docker." });
}

test("an engine that may not be used is said, and the guided run goes on without it", async () => {
  const said: string[] = [];
  const runtime = await tourRuntime({}, (message) => said.push(message), refusing);
  expect(runtime).toBe(embedded);
  expect(said[0]).toContain("Join the group docker.");
});

test("a runtime that was named is never replaced", async () => {
  await expect(tourRuntime({ runtime: "docker" }, () => {}, refusing)).rejects.toThrow("No engine answers.");
});

test("an engine that was named is never replaced", async () => {
  const named = (): Promise<Runtime> => {
    const details = { chosen: true };
    return Promise.reject(new SandboxError("ENGINE_NOT_FOUND", "DOCKER_HOST does not answer.", { details }));
  };
  await expect(tourRuntime({}, () => {}, named)).rejects.toThrow("DOCKER_HOST does not answer.");
});

test("no other failure is passed over", async () => {
  const failing = (): Promise<Runtime> => Promise.reject(new SandboxError("ENGINE_ERROR", "It broke."));
  await expect(tourRuntime({}, () => {}, failing)).rejects.toThrow("It broke.");
});
