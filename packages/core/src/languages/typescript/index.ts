import { defineLanguage, type Language } from "../../language.ts";
import { nodeKernelArgv } from "../javascript/node-kernel.ts";

/** TypeScript: the JavaScript kernel behind Node's own type stripper; types are not checked. */
export const typescript: Language = defineLanguage({
  name: "typescript",
  aliases: ["ts"],
  extensions: [".ts", ".mts", ".cts"],
  imageFolder: "javascript",
  libraries: ["lodash", "date-fns", "zod", "csv-parse"],
  kernel: {
    argv: nodeKernelArgv("typescript"),
    warm: "spare",
    contexts: true,
    requires: "Node 22.13 or newer (node)",
  },
});
