import { defineLanguage, type Language } from "../../language.ts";
import { cppFailure } from "./failure.ts";

/** C++20: whole programs, compiled by `g++`. */
export const cpp: Language = defineLanguage({
  name: "cpp",
  aliases: ["c++", "cxx", "cc", "g++"],
  extensions: [".cpp", ".cc", ".cxx"],
  imageFolder: "cpp",
  program: {
    fileName: () => "main.cpp",
    build: ({ source, cwd }) => [
      [
        "g++",
        "-std=c++20",
        "-O1",
        "-pipe",
        "-fdiagnostics-color=never",
        "-iquote",
        cwd,
        "-o",
        "program",
        source,
      ],
    ],
    run: ({ folder }) => [`${folder}/program`],
    failure: cppFailure,
    requires: "g++ 10 or newer",
  },
});
