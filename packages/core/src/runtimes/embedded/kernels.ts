import { languages } from "../../languages/index.ts";

/** The Python kernel as a script that makes it importable and stops before it looks for a job. */
export function pythonKernel(): string {
  const python = languages.find(({ name }) => name === "python")!;
  const [start, parts] = python.kernel!.argv.slice(-2) as [string, string];
  const script = start.slice(0, start.lastIndexOf("from llm_sandbox_kernel.main"));
  // A JSON string is a Python literal too.
  return `import sys\nsys.argv.append(${JSON.stringify(parts)})\n${script}`;
}

/** The kernel that JavaScript and TypeScript share, a script for `require`. */
export function javaScriptKernel(): string {
  return languages.find(({ name }) => name === "javascript")!.kernel!.argv[3]!;
}
