import { defineLanguage, type Language } from "../../language.ts";
import { javaFailure } from "./failure.ts";
import { mainClass } from "./main-class.ts";

// One processor, little memory, short programs: the first compiler tier and the simplest collector.
const quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/** Java: whole programs, compiled by `javac`. */
export const java: Language = defineLanguage({
  name: "java",
  aliases: ["jdk", "openjdk"],
  extensions: [".java"],
  imageFolder: "java",
  program: {
    fileName: (code) => `${mainClass(code).fileName}.java`,
    build: ({ source }) => [
      [
        "javac",
        ...quick.map((flag) => `-J${flag}`),
        "-J-XX:MaxRAMPercentage=50",
        "-J-Dstdout.encoding=UTF-8",
        "-J-Dstderr.encoding=UTF-8",
        "-encoding",
        "UTF-8",
        "-proc:none",
        "-d",
        ".",
        source,
      ],
    ],
    run: ({ code, folder, cwd }) => [
      "java",
      ...quick,
      "-XX:MaxRAMPercentage=50",
      "-Dstdout.encoding=UTF-8",
      "-Dstderr.encoding=UTF-8",
      "-cp",
      `${folder}:${cwd}`,
      mainClass(code).qualifiedName,
    ],
    failure: javaFailure,
    requires: "a JDK, 17 or newer (javac and java)",
  },
});
