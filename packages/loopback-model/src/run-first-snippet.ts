import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LoopbackModel } from "./loopback-model.ts";

/** Runs the first TypeScript snippet of a package's README as it stands, with the scripted model; returns what it prints. */
export async function runFirstSnippet(packageFolder: string, model: LoopbackModel): Promise<string> {
  const readme = await readFile(join(packageFolder, "README.md"), "utf8");
  const snippet = /^```ts\n(.*?)^```/ms.exec(readme)?.[1];
  if (snippet === undefined) throw new Error(`The README of ${packageFolder} has no TypeScript snippet.`);
  const file = join(packageFolder, "readme-snippet.ts");
  try {
    await writeFile(file, snippet);
    const env = { ...process.env, OPENAI_API_KEY: "none", OPENAI_BASE_URL: model.baseUrl };
    return (await promisify(execFile)(process.execPath, [file], { env })).stdout;
  } finally {
    await rm(file, { force: true });
  }
}
