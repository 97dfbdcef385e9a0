import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Measurement } from "../row.ts";

const packages = join(import.meta.dirname, "../../packages");

/** What the files of each adapter's package take once installed, without its peers and dependencies. */
export async function measureSizes(): Promise<Measurement[]> {
  const core = await installedKilobytes("core");
  const measure = async (name: string): Promise<Measurement> => ({
    name: `size-${name}`,
    value: await installedKilobytes(name),
    unit: "kB",
    baseline: "core, without images and agent",
    baselineValue: core,
    mostValue: 100,
  });
  return Promise.all(["ai-sdk", "langchain", "openai", "mcp"].map(measure));
}

async function installedKilobytes(name: string): Promise<number> {
  const folder = join(packages, name);
  const built = await readdir(join(folder, "dist"), { recursive: true });
  const files = ["package.json", "README.md", ...built.map((file) => join("dist", file))];
  const sizes = await Promise.all(files.map((file) => bytesOf(join(folder, file))));
  return sizes.reduce((sum, size) => sum + size, 0) / 1_000;
}

async function bytesOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : 0;
}
