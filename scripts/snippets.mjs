// Writes the TypeScript snippets of the documentation into files, for the compiler to check.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Written into `examples/`, which depends on every package that a snippet may import. */
export function writeSnippets(root) {
  const folder = join(root, "examples", ".snippets");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let count = 0;
  for (const document of documents(root)) {
    const text = readFileSync(join(root, document), "utf8");
    for (const [index, [, code]] of [...text.matchAll(/^```ts\n(.*?)^```/gms)].entries()) {
      const name = `${document.replace(/\.md$/, "").replaceAll(/[^\w-]+/g, "-")}-${index + 1}.ts`;
      writeFileSync(join(folder, name), `${declarations(code)}${code}\nexport {};\n`);
      count += 1;
    }
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../tsconfig.json",
      compilerOptions: { noUnusedLocals: false },
      include: ["*.ts"],
    }),
  );
  return count;
}

function documents(root) {
  const inFolder = (folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name));
  const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name, "README.md"));
  return ["README.md", ...inFolder("docs"), ...packages].filter((path) => exists(join(root, path)));
}

function exists(path) {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A snippet in the middle of a page may use the session that the page has opened. */
function declarations(code) {
  const uses = /\bsession\b/.test(code) && !/\b(const|let|using) session\b/.test(code);
  const imports = ["SandboxSession", "SandboxError"].filter(
    (name) =>
      new RegExp(`\\b${name}\\b`).test(code) &&
      !code.includes(`import { ${name}`) &&
      !/from "@llm-sandbox\/core"/.test(code),
  );
  return [
    ...imports.map((name) => `import { ${name} } from "@llm-sandbox/core";\n`),
    ...(uses ? ['declare const session: import("@llm-sandbox/core").SandboxSession;\n'] : []),
  ].join("");
}
