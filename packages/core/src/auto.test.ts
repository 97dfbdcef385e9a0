import { afterEach, expect, test, vi } from "vitest";
import type { Mock } from "vitest";
import { auto, choose } from "./auto.ts";
import { SandboxError } from "./errors.ts";
import type { KnownRuntime } from "./known-runtimes.ts";
import type { Logger } from "./logger.ts";
import type { Runtime, RuntimeFeatures } from "./runtime.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const all: RuntimeFeatures = { templates: true, networks: ["none"], images: ["reference", "language"] };

function known(name: KnownRuntime["name"], probe: () => Promise<string>, features = all): KnownRuntime {
  const launch = (): Promise<never> => Promise.reject(new Error("never launched"));
  const runtime: Runtime = { name, features, launch, probe };
  return {
    name,
    boxes: `${name} boxes`,
    protection: `${name} walls.`,
    kernelLimits: name !== "embedded",
    stronger: `more than ${name}`,
    toGet: `get ${name}`,
    load: async () => runtime,
  };
}

function listeningLogger(): Record<keyof Logger, Mock<Logger["info"]>> {
  const listen = (): Mock<Logger["info"]> => vi.fn<Logger["info"]>();
  return { debug: listen(), info: listen(), warn: listen() };
}

const there = (): Promise<string> => Promise.resolve("here");
const fails = (absent: boolean) => (): Promise<never> =>
  Promise.reject(
    new SandboxError("ENGINE_NOT_FOUND", "No engine answers.\n  - all tried", {
      remedy: "Start it.",
      details: { absent },
    }),
  );

test("the first that is there is taken, and once it is said what it protects against and what would be stronger", async () => {
  const logger = listeningLogger();
  const runtimes = [known("docker", there), known("embedded", there)];
  expect((await choose(runtimes, { logger })).name).toBe("docker");
  expect((await choose(runtimes, { logger })).name).toBe("docker");
  expect(logger.info.mock.calls).toEqual([
    [expect.stringMatching(/docker: docker walls.*Stronger: more than docker/), { absent: [] }],
  ]);
  expect(logger.warn).not.toHaveBeenCalled();
});

test("an absent one is passed over, and a weak one in its place is a warning, once", async () => {
  const logger = listeningLogger();
  const runtimes = [known("docker", fails(true)), known("oci", fails(true)), known("embedded", there)];
  const heard: string[] = [];
  const onProgress = ({ message }: { readonly message: string }): void => void heard.push(message);
  expect((await choose(runtimes, { logger, onProgress })).name).toBe("embedded");
  expect((await choose(runtimes, { logger, onProgress })).name).toBe("embedded");
  expect(heard).toEqual([expect.stringMatching(/embedded.*embedded walls.*Stronger/)]);
  expect(logger.warn.mock.calls).toEqual([
    [heard[0], { absent: ["docker: No engine answers.", "oci: No engine answers."] }],
  ]);
});

test("a language that a command would add is told with the command", async () => {
  const features = { ...all, languages: ["python"], installable: { ruby: "npm install it" } };
  const choosing = choose([known("embedded", there, features)], { language: "ruby" });
  await expect(choosing).rejects.toThrow("embedded: it has no ruby (npm install it)");
});

test("one that is there but does not work is never passed over for a weaker one", async () => {
  const choosing = choose([known("docker", fails(false)), known("embedded", there)], {});
  await expect(choosing).rejects.toMatchObject({
    code: "ENGINE_NOT_FOUND",
    message: expect.stringMatching(/No engine answers[^]*Start it\. To use a weaker runtime instead/),
  });
});

test("a language or an image that a runtime does not have chooses another, or says what to get", async () => {
  const small = { ...all, images: ["language"], languages: ["python"] } as const;
  const runtimes = [known("embedded", there, small), known("docker", there)];
  expect((await choose(runtimes, { language: "java" })).name).toBe("docker");
  const reference = { kind: "reference", reference: "debian" } as const;
  expect((await choose(runtimes, { image: reference })).name).toBe("docker");
  expect((await choose(runtimes, { language: "python" })).name).toBe("embedded");
  const absent = [runtimes[0]!, known("docker", fails(true))];
  await expect(choose(absent, { language: "java" })).rejects.toMatchObject({
    code: "ENGINE_NOT_FOUND",
    message: expect.stringMatching(
      /runs java[^]*it has no java[^]*Get one of these: docker \(get docker\)\.$/,
    ),
  });
});

test("the environment decides, and a name that is none is refused with those there are", async () => {
  vi.stubEnv("LLM_SANDBOX_RUNTIME", "embedded");
  expect((await auto({ language: "java" })).name).toBe("embedded");
  expect((await auto({ runtime: "docker" })).name).toBe("docker");
  vi.stubEnv("LLM_SANDBOX_RUNTIME", "chroot");
  await expect(auto()).rejects.toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringMatching(/"chroot".*docker, oci, embedded/),
  });
});
