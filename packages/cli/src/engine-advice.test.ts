import { expect, test } from "vitest";
import { engineAdvice } from "./engine-advice.ts";

const debian = { platform: "linux", isRoot: true, isDebian: true, isClone: true } as const;

test("gives root on Debian one flag", () => {
  expect(engineAdvice(debian)).toContain("npm start -- --install-engine");
});

test("gives other people on Debian a line with sudo", () => {
  expect(engineAdvice({ ...debian, isRoot: false })).toContain("sudo bash scripts/engines/docker.sh");
  expect(engineAdvice({ ...debian, isRoot: false, isClone: false })).toContain(
    "sudo apt-get install -y docker.io",
  );
});

test("names engines for other systems", () => {
  const other = { ...debian, isDebian: false };
  expect(engineAdvice(other)).toContain("Podman");
  expect(engineAdvice({ ...other, platform: "darwin" })).toContain("colima start");
  expect(engineAdvice({ ...other, platform: "win32" })).toContain("Docker Desktop");
});
