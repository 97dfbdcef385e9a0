import { randomBytes } from "node:crypto";
import type { Box, BoxSpec, ImageSource } from "../../../runtime.ts";
import { encodeJson, FrameType, headerBytes } from "../../../stream/frame.ts";

const mebibyte = 1024 * 1024;

/** A box's specification with a session id that no other test has. */
export function specFor(image: ImageSource, more: Partial<BoxSpec> = {}): BoxSpec {
  return {
    sessionId: `test-${randomBytes(6).toString("hex")}`,
    image,
    workspace: "/workspace",
    network: "none",
    limits: {
      memoryBytes: 256 * mebibyte,
      cpus: 1,
      processes: 64,
      diskBytes: 32 * mebibyte,
      diskEntries: 1000,
      openFiles: 256,
      lifetimeMs: 600_000,
    },
    ...more,
  };
}

/** The agent's answer to HELLO: the box works. */
export async function hello(box: Box, more: object = {}): Promise<Record<string, unknown>> {
  const { uid, gid, tags } = box.identity;
  box.stream.write(
    encodeJson(FrameType.hello, 0, {
      version: 1,
      window: mebibyte,
      user: { uid, gid },
      ...(tags ? { tags } : {}),
      workspace: "/workspace",
      scratch: ["/tmp"],
      env: { PATH: "/usr/bin:/bin" },
      limits: { processes: 64, openFiles: 256, fileBytes: mebibyte },
      heartbeatMs: 600_000,
      lifetimeMs: 600_000,
      ...more,
    }),
  );
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.length < headerBytes || bytes.length < headerBytes + bytes.readUInt32BE(0)) {
    const chunk = (await nextChunk(box)) ?? null;
    if (chunk === null) throw new Error(`The box ended. ${box.diagnostics()}`);
    bytes = Buffer.concat([bytes, chunk]);
  }
  const answer = JSON.parse(bytes.subarray(headerBytes).toString()) as Record<string, unknown>;
  if (bytes[4] !== FrameType.hello) throw new Error(`No HELLO: ${JSON.stringify(answer)}`);
  return answer;
}

function nextChunk({ stream }: Box): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => () => {
      stream.removeAllListeners("readable").removeAllListeners("end").removeAllListeners("error");
      outcome();
    };
    stream.once(
      "end",
      settle(() => resolve(null)),
    );
    stream.once("error", (error) => settle(() => reject(error))());
    const take = () => {
      const chunk = stream.read() as Buffer | null;
      if (chunk !== null) settle(() => resolve(chunk))();
    };
    stream.on("readable", take);
  });
}

/** Waits for something that happens in its own time; fails after 20 s. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const started = Date.now(); !(await condition());) {
    if (Date.now() - started > 20_000) throw new Error("It did not come about in 20 s.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
