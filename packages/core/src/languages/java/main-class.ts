/** What a Java source must be saved as and started by. */
export interface MainClass {
  /** The public type's name, which the compiler wants as the file's. */
  readonly fileName: string;
  /** The class with the `main` method, after its package: `com.example.Main`. */
  readonly qualifiedName: string;
}

interface TopLevelType {
  readonly name: string;
  readonly public: boolean;
  readonly main: boolean;
}

/** Finds the class to start; comments, strings and nested types do not count. Without any type it is `Main`. */
export function mainClass(code: string): MainClass {
  const plain = withoutTextAndComments(code);
  const types = topLevelTypes(plain);
  const open = types.find((type) => type.public);
  const start = types.find((type) => type.main) ?? open ?? types[0];
  const packageName = /^\s*package\s+([\w.]+)\s*;/m.exec(plain)?.[1];
  const name = start?.name ?? "Main";
  return {
    fileName: open?.name ?? name,
    qualifiedName: packageName ? `${packageName}.${name}` : name,
  };
}

/** Replaces comments, strings, text blocks and characters by a space. */
function withoutTextAndComments(code: string): string {
  return code.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"""[\s\S]*?(?:(?<!\\)"""|$)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g,
    " ",
  );
}

function topLevelTypes(plain: string): TopLevelType[] {
  const types: TopLevelType[] = [];
  let depth = 0;
  let from = 0;
  let header = "";
  for (const { 0: brace, index } of plain.matchAll(/[{}]/g)) {
    if (brace === "{") {
      if (depth === 0) header = plain.slice(from, index);
      if (depth === 0) from = index;
      depth += 1;
    } else if (depth > 0) {
      depth -= 1;
      if (depth > 0) continue;
      const type = typeOf(header, plain.slice(from, index));
      if (type) types.push(type);
      from = index + 1;
    }
  }
  return types;
}

function typeOf(header: string, body: string): TopLevelType | undefined {
  const found =
    /(?:^|[\s;)])((?:(?:public|abstract|final|sealed|strictfp|static|non-sealed)\s+)*)(?:class|interface|@interface|enum|record)\s+([\p{L}_$][\p{L}\p{N}_$]*)/u.exec(
      header,
    );
  if (!found) return undefined;
  return {
    name: found[2]!,
    public: /\bpublic\b/.test(found[1]!),
    main: /\bvoid\s+main\s*\(/.test(body),
  };
}
