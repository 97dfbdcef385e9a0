import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const program = (lang: string, code: string): string => `
  import { SandboxSession } from ${JSON.stringify(fileURLToPath(new URL("../../session.ts", import.meta.url)))};
  import { embedded } from ${JSON.stringify(fileURLToPath(new URL("./index.ts", import.meta.url)))};
  import { readdirSync, readFileSync } from "node:fs";
  const session = await SandboxSession.open({ lang: "${lang}", runtime: embedded() });
  session.run(${JSON.stringify(code)}, {
    onOutput: () => {
      const children = readdirSync("/proc").filter((pid) => {
        try {
          return Number(readFileSync("/proc/" + pid + "/stat", "utf8").replace(/^.*\\) /, "").split(" ")[1]) === process.pid;
        } catch {
          return false;
        }
      });
      process.stdout.write(children.join(" ") + "\\n");
    },
  });
`;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.skipIf(process.platform !== "linux").each([
  ["python", "print('busy', flush=True)\nwhile True: pass"],
  ["javascript", "console.log('busy'); for (;;);"],
])("%s: nothing outlives a program that is killed while code is busy", async (lang, code) => {
  const host = spawn(process.execPath, ["--input-type=module-typescript", "-e", program(lang, code)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve) =>
    host.stdout.once("data", (data) => resolve(String(data))),
  );
  const children = line.trim().split(" ").map(Number);
  expect(children.length).toBeGreaterThan(0);
  expect(children.every(isAlive)).toBe(true);
  host.kill("SIGKILL");
  const deadline = Date.now() + 5_000;
  while (children.some(isAlive) && Date.now() < deadline) await sleep(50);
  expect(children.filter(isAlive)).toEqual([]);
});
