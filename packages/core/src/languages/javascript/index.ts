import { defineLanguage, type Language } from "../../language.ts";
import { nodeKernelArgv } from "./node-kernel.ts";

/** JavaScript: fresh runs take a Node started ahead, contexts keep their state. */
export const javascript: Language = defineLanguage({
  name: "javascript",
  aliases: ["js", "node", "nodejs", "ecmascript"],
  extensions: [".js", ".mjs", ".cjs"],
  imageFolder: "javascript",
  libraries: ["lodash", "date-fns", "zod", "csv-parse"],
  kernel: {
    argv: nodeKernelArgv("javascript"),
    warm: "spare",
    contexts: true,
    requires: "Node 18 or newer (node)",
  },
});
