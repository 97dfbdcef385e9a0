import { expect, test } from "vitest";
import { engineAdvice } from "./engine-advice.ts";

const debian = { platform: "linux", isRoot: true, isDebian: true, isClone: true } as const;

test("gives root on Debian one flag", () => {
  expect(engineAdvice(debian)).toContain("npm start -- --install-engine");
});

test("gives other people on Debian a line with sudo", () => {
  expect(engineAdvice({ ...debian, isRoot: false })).toContain("sudo bash scripts/engines/docker.sh");
});

test("leaves other systems, and the installed command, to the library's own advice", () => {
  expect(engineAdvice({ ...debian, isDebian: false })).toBeUndefined();
  expect(engineAdvice({ ...debian, platform: "darwin" })).toBeUndefined();
  expect(engineAdvice({ ...debian, isClone: false })).toBeUndefined();
});
