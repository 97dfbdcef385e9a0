import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { spoolWorkspace } from "./spool-workspace.ts";

test("a file that cannot be written on this machine is told with its path", async () => {
  const workspace = Readable.from([Buffer.alloc(1000)]);
  await expect(spoolWorkspace(workspace, "/nowhere/workspace.tar", undefined)).rejects.toMatchObject({
    code: "FILE_NOT_FOUND",
    message: expect.stringContaining("/nowhere/workspace.tar"),
  });
});
