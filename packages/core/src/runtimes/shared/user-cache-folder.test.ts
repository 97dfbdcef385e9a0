import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { userCacheFolder } from "./user-cache-folder.ts";

afterEach(() => vi.unstubAllEnvs());

describe.skipIf(process.platform !== "linux")("the folder for what can be made again", () => {
  const own = join(userInfo().homedir, ".cache/llm-sandbox");

  it.each([
    ["", "", own],
    ["relative", "", own],
    ["", "relative", own],
    [undefined, undefined, own],
    ["/home/me", "", "/home/me/.cache/llm-sandbox"],
    ["/home/me", "relative", "/home/me/.cache/llm-sandbox"],
    ["", "/chosen", "/chosen/llm-sandbox"],
  ])("with the home %j and the chosen folder %j is not the working folder's", (home, chosen, expected) => {
    vi.stubEnv("HOME", home);
    vi.stubEnv("XDG_CACHE_HOME", chosen);
    expect(userCacheFolder()).toBe(expected);
  });
});
