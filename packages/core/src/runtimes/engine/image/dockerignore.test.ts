import { describe, expect, it } from "vitest";
import { dockerignore } from "./dockerignore.ts";

describe("a .dockerignore", () => {
  it.each<[string, string[], string[]]>([
    ["node_modules", ["node_modules", "node_modules/a/b"], ["a/node_modules", "node_modules2"]],
    ["/secret.txt", ["secret.txt"], ["a/secret.txt"]],
    ["**/*.log", ["a.log", "a/b/c.log"], ["a.log.txt"]],
    ["*.md\n!README.md", ["a.md"], ["README.md", "b/a.md"]],
    ["*\n!keep/this", ["a", "keep", "keep/other"], ["keep/this", "keep/this/too"]],
    ["docs/**", ["docs/a", "docs/a/b"], ["docs"]],
    ["a/**/b", ["a/b", "a/x/b", "a/x/y/b/c"], ["a/x", "b"]],
    ["?.txt", ["a.txt"], ["ab.txt", "/.txt"]],
    ["[a-c].txt\n[^x]y", ["a.txt", "zy"], ["d.txt", "xy"]],
    ["# comment\n\n  spaced  \n", ["spaced"], ["# comment", "comment"]],
    ["./a/../b/", ["b", "b/c"], ["a"]],
    ["\\*", ["*"], ["a"]],
    ["a+(b).{c}$", ["a+(b).{c}$"], ["aab.c"]],
    ["\uFEFFfirst", ["first"], []],
  ])("%j", (text, ignored, kept) => {
    const isIgnored = dockerignore(text);
    expect(ignored.filter((path) => !isIgnored(path))).toEqual([]);
    expect(kept.filter((path) => isIgnored(path))).toEqual([]);
  });

  it("says when a pattern is none", () => {
    expect(() => dockerignore("[abc")).toThrow(SyntaxError);
  });
});
