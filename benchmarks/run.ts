import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { docker } from "@llm-sandbox/core/docker";
import { oci } from "@llm-sandbox/core/oci";
import Docker from "dockerode";
import { Boxes } from "./boxes.ts";
import { RawDocker } from "./raw-docker.ts";
import { RawOci } from "./raw-oci.ts";
import { rowOf } from "./row.ts";
import type { Measurement, Row } from "./row.ts";
import { measureDaemonless, measureHundred, measureIdleProcesses, measurePipe } from "./rows/daemonless.ts";
import { measureEmbedded } from "./rows/embedded.ts";
import { measureCopies, measureIdleMemory, measureOutput } from "./rows/moving.ts";
import { measureOpening } from "./rows/opening.ts";
import { measureConcurrency, measureJavascript, measurePython, measureThousandRuns } from "./rows/running.ts";
import { measureSizes } from "./rows/sizes.ts";
import { measureTools } from "./rows/tools.ts";
import { table } from "./table.ts";

const { values } = parseArgs({
  options: {
    json: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
  },
});
const scale = values.quick ? 0.25 : 1;
const times = (full: number): number => Math.max(3, Math.ceil(full * scale));

const rows: Row[] = [];
const wanted = (name: string): boolean => !values.only || values.only.split(",").includes(name);

if (wanted("embedded")) {
  process.stderr.write("measuring embedded …\n");
  for (const measurement of await measureEmbedded(times(15))) rows.push(rowOf("embedded", measurement));
}
// An engine is only needed for the others.
if (values.only !== "embedded") await measureContainers();

async function measureContainers(): Promise<void> {
  const client = new Docker();
  const runtime = docker({ client });
  const boxes = new Boxes(runtime);

  /** Opens a box once, so that images are there, and tells which image it was. */
  async function imageOf(lang: string): Promise<string> {
    const session = await boxes.open({ lang });
    const { image } = boxes.last.identity;
    await session.close();
    await boxes.last.gone;
    return image;
  }

  const python = new RawDocker(client, await imageOf("python"));
  const node = new RawDocker(client, await imageOf("javascript"));
  await python.clean();

  const parts: Readonly<Record<string, () => Promise<Measurement[]>>> = {
    opening: () => measureOpening(boxes, python, times(15)),
    python: () => measurePython(boxes, python, times(40)),
    javascript: () => measureJavascript(boxes, node, times(25)),
    concurrency: () => measureConcurrency(boxes, python, times(60)),
    output: () => measureOutput(boxes, python, times(5)),
    copies: () => measureCopies(boxes, python, times(9)),
    thousand: () => measureThousandRuns(boxes, python, values.quick ? 200 : 1_000),
    idle: () => measureIdleMemory(boxes, python),
    tools: () => measureTools(boxes, times(60)),
    sizes: measureSizes,
  };

  /** Boxes without a daemon, on the root of the same image; with an OCI runtime that is not on this machine there are no rows. */
  const daemonless: Readonly<Record<string, () => Promise<Measurement[]>>> = {
    runc: async () => {
      const raw = await RawOci.unpack(python, "runc");
      const boxes = new Boxes(oci({ rootfs: raw.root, ociRuntime: "runc" }));
      try {
        return [
          ...(await measureDaemonless(boxes, python, times(15), { open: 0.18, lifecycle: 0.25 })),
          ...(await measureHundred(boxes, python)),
          ...(await measurePipe(boxes, raw, times(5))),
          ...(await measureIdleProcesses(boxes, python)),
        ];
      } finally {
        await raw.remove();
      }
    },
    runsc: async () => {
      const raw = await RawOci.unpack(python, "runsc");
      const boxes = new Boxes(oci({ rootfs: raw.root, ociRuntime: "runsc" }));
      try {
        return await measureDaemonless(boxes, python, times(15), { open: 0.5, lifecycle: 0.7 });
      } finally {
        await raw.remove();
      }
    },
  };

  for (const [name, measure] of Object.entries(parts)) {
    if (!wanted(name)) continue;
    process.stderr.write(`measuring ${name} …\n`);
    for (const measurement of await measure()) rows.push(rowOf(runtime.name, measurement));
  }
  for (const [ociRuntime, measure] of Object.entries(daemonless)) {
    const name = `oci-${ociRuntime}`;
    if (!wanted(name)) continue;
    const probe = oci({ ociRuntime }).probe?.();
    const there = await probe?.then(
      () => true,
      (error: Error) => process.stderr.write(`no rows of ${name}: ${error.message}\n`) && false,
    );
    if (!there) continue;
    process.stderr.write(`measuring ${name} …\n`);
    for (const measurement of await measure()) rows.push(rowOf(name, measurement));
  }
}

process.stdout.write(`${table(rows)}\n`);
if (values.json) {
  await writeFile(
    values.json,
    `${JSON.stringify(
      rows.map(({ bar: _, ...row }) => row),
      null,
      2,
    )}\n`,
  );
}
