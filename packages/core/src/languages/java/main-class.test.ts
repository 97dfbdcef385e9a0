import { describe, expect, test } from "vitest";
import { mainClass } from "./main-class.ts";

const main = "public static void main(String[] args) {}";

describe("the class to start", () => {
  test.each([
    ["a public class", `public class Hello { ${main} }`, "Hello", "Hello"],
    ["modifiers", `@Deprecated public final class Hello { ${main} }`, "Hello", "Hello"],
    ["a record", `public record Hello(int a) { ${main} }`, "Hello", "Hello"],
    ["an enum and an interface", `interface A {} public enum Hello { X; ${main} }`, "Hello", "Hello"],
    ["no public class", `class A {} class B { static void main(String[] a) {} }`, "B", "B"],
    ["main beside the public class", `public class A {} class B { ${main} }`, "A", "B"],
    ["a package", `package com.example;\npublic class A { ${main} }`, "A", "com.example.A"],
    [
      "comments",
      `/* public class No {} */ // public class No2 {\npublic class Yes { ${main} }`,
      "Yes",
      "Yes",
    ],
    ["strings", `class Yes { String a = "public class No { \\" {"; char c = '{'; ${main} }`, "Yes", "Yes"],
    [
      "a text block",
      `class Yes { String a = """\n public class No { "quoted" \\""" {\n """; ${main} }`,
      "Yes",
      "Yes",
    ],
    ["nested classes", `public class Outer { public static class Inner {} ${main} }`, "Outer", "Outer"],
    ["annotations with braces", `@SuppressWarnings({"a"}) public class A { ${main} }`, "A", "A"],
    ["letters of other scripts", `public class Größe { ${main} }`, "Größe", "Größe"],
    ["no class at all", `void main() { }`, "Main", "Main"],
    ["nothing", ``, "Main", "Main"],
  ])("with %s", (_name, code, fileName, qualifiedName) => {
    expect(mainClass(code)).toEqual({ fileName, qualifiedName });
  });
});
