import { describe, expect, it } from "vitest";
import { docker, type DockerOptions } from "./index.ts";

describe("docker()", () => {
  it.each<[string, object]>([
    ["socketPath", { socketPath: "/x" }],
    ["timeoutMs", { timeoutMs: Number.NaN }],
    ["timeoutMs", { timeoutMs: 0 }],
    ["timeoutMs", { timeoutMs: Number.POSITIVE_INFINITY }],
    ["timeoutMs", { timeoutMs: "5" }],
    ["mode", { mode: "root" }],
    ["missingLimits", { missingLimits: true }],
    ["pull", { pull: "sometimes" }],
    ["host", { host: "" }],
    ["client", { client: {} }],
    ["host and context", { host: "unix:///x", context: "y" }],
    ["tls", { host: "unix:///x", tls: {} }],
    ["platform", { platform: "windows/amd64" }],
    ["platform", { platform: "linux/zzz" }],
    ["host", { host: "ftp://x" }],
    ["ociRuntime", { ociRuntime: "a b" }],
  ])("refuses a wrong %s at once: %j", (name, options) => {
    const attempt = () => docker(options as DockerOptions);
    expect(attempt).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(attempt).toThrow(name);
  });

  it("takes no engine to make", () => {
    const runtime = docker({ host: "unix:///nowhere.sock", mode: "same-uid", pull: "never" });
    expect(runtime.name).toBe("docker");
    expect(runtime.features.templates).toBe(true);
  });
});
