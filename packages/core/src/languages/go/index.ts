import { defineLanguage, type Language } from "../../language.ts";
import { goFailure } from "./failure.ts";

// images/go/README.md
const tools = "/usr/local/share/go-sandbox";
const importcfg = `${tools}/importcfg`;

/** Go: one file of package main, built by the stock toolchain without a network. */
export const go: Language = defineLanguage({
  name: "go",
  aliases: ["golang"],
  extensions: [".go"],
  imageFolder: "go",
  env: { GOTOOLCHAIN: "local", GOPROXY: "off", GOFLAGS: "-mod=mod", GOTELEMETRY: "off" },
  program: {
    fileName: () => "main.go",
    build: ({ source }) => [["go", "build", "-o", "program", source]],
    prepared: {
      file: importcfg,
      build: ({ source }) => [
        [
          `${tools}/compile`,
          "-p",
          "main",
          "-complete",
          "-importcfg",
          importcfg,
          "-pack",
          "-o",
          "main.a",
          source,
        ],
        [`${tools}/link`, "-importcfg", importcfg, "-buildmode=exe", "-s", "-w", "-o", "program", "main.a"],
      ],
    },
    run: ({ folder }) => [`${folder}/program`],
    failure: goFailure,
    requires: "Go 1.21 or newer (go)",
  },
});
