import { defineLanguage, type Language } from "../../language.ts";
import { kernel } from "./kernel.generated.ts";

/** Bash: fresh runs are plain `bash`, contexts keep variables, functions, options and the folder. */
export const bash: Language = defineLanguage({
  name: "bash",
  aliases: ["sh", "shell"],
  extensions: [".sh", ".bash"],
  imageFolder: "bash",
  kernel: {
    argv: ["bash", "-c", kernel],
    warm: "none",
    contexts: true,
    requires: "Bash 4.4 or newer (bash)",
  },
});
