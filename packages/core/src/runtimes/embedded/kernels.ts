import { languages } from "../../languages/index.ts";

/** The Python kernel as a script that makes it importable and stops before it looks for a job. */
export function pythonKernel(): string {
  const python = languages.find(({ name }) => name === "python")!;
  const script = python.kernel!.argv.at(-1)!;
  return script.slice(0, script.lastIndexOf("from llm_sandbox_kernel.main"));
}

/** The kernel that JavaScript and TypeScript share, a script for `require`. */
export function javaScriptKernel(): string {
  return languages.find(({ name }) => name === "javascript")!.kernel!.argv[3]!;
}
