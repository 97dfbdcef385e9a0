import { defineLanguage, type Language } from "../../language.ts";

/** Go: one file of package main, built by the stock toolchain without a network. */
export const go: Language = defineLanguage({
  name: "go",
  aliases: ["golang"],
  extensions: [".go"],
  imageFolder: "go",
  env: { GOTOOLCHAIN: "local", GOPROXY: "off", GOFLAGS: "-mod=mod", GOTELEMETRY: "off" },
  program: {
    fileName: () => "main.go",
    build: ({ source, folder }) => [["go", "build", "-o", `${folder}/program`, source]],
    run: ({ folder }) => [`${folder}/program`],
    requires: "Go 1.21 or newer (go)",
  },
});
