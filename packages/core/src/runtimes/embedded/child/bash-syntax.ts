/** A part of a parsed script. */
export interface SyntaxNode {
  type?: string;
  [field: string]: unknown;
}

/** Parses a script. */
export type Parse = (code: string) => SyntaxNode;

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sees every node below one, and the node itself, inner ones first. */
export function visitNodes(value: unknown, see: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) value.forEach((item) => visitNodes(item, see));
  else if (isNode(value)) {
    Object.values(value).forEach((inner) => visitNodes(inner, see));
    see(value);
  }
}

/** The word that a simple command begins with, if it is plain text. */
export function nameOf({ type, name }: SyntaxNode): string | undefined {
  if (type !== "SimpleCommand") return undefined;
  const parts = (name as { parts?: { type?: string; value?: string }[] } | null)?.parts;
  return parts?.length === 1 && parts[0]!.type === "Literal" ? parts[0]!.value : undefined;
}

/** The statements that some code is. */
export function statementsOf(parse: Parse, code: string): SyntaxNode[] {
  return parse(code)["statements"] as SyntaxNode[];
}

/** The command of a statement that is one. */
export function commandOf(statement: SyntaxNode): SyntaxNode {
  const [pipeline] = statement["pipelines"] as SyntaxNode[];
  return (pipeline!["commands"] as SyntaxNode[])[0]!;
}

/** What the arguments of a simple command begin with, where that is plain text. */
export function wordsOf({ args }: SyntaxNode): string[] {
  const words = (args ?? []) as { parts?: { value?: string }[] }[];
  return words.map(({ parts }) => parts?.[0]?.value ?? "");
}
