import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { SupervisedBox } from "./supervised-box.ts";

const folder = mkdtempSync(join(tmpdir(), "llm-sandbox-box-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A box whose supervisor is a shell script, with its report as descriptor 3. */
function boxOf(script: string): SupervisedBox {
  const supervisor = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "pipe", "pipe", "pipe"] });
  const identity = { uid: 1, gid: 1, tags: null, env: {}, image: "none" };
  return new SupervisedBox({ id: "box", supervisor, identity, folder, cgroups: [] });
}

it.skipIf(process.platform === "win32")("why a box has ended is known before its output ends", async () => {
  const box = boxOf(
    "echo started 7 >&3; exec >&- 2>&-; sleep 0.1; echo starved 2 >&3; echo signalled 9 >&3; exit 0",
  );
  const order: string[] = [];
  const ended = new Promise<void>((resolve) =>
    box.stream.resume().once("end", () => {
      order.push("end");
      resolve();
    }),
  );
  const exit = await box.gone.then((exit) => {
    order.push("gone");
    return exit;
  });
  await ended;
  expect(order).toEqual(["gone", "end"]);
  expect(exit).toMatchObject({ reason: "killed", exitCode: 137 });
  expect(exit.message).toMatch(/^out of memory/);
});
