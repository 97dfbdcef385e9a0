import { defineLanguage, type Language } from "../../language.ts";
import { kernel, parts } from "./kernel.generated.ts";
import { science } from "./science.ts";

/** Python: fresh runs come from a fork server, contexts keep their state. */
export const python: Language = defineLanguage({
  name: "python",
  aliases: ["py", "python3"],
  extensions: [".py", ".pyw"],
  imageFolder: "python",
  libraries: [
    "numpy",
    "pandas",
    "scipy",
    "matplotlib",
    "sympy",
    "pillow",
    "openpyxl",
    "beautifulsoup4",
    "requests",
    "pyyaml",
    "jinja2",
    "tabulate",
  ],
  kernel: {
    argv: ["python3", "-I", "-X", "utf8", "-c", kernel, parts],
    warm: "fork",
    contexts: true,
    forks: [science],
    requires: "Python 3.8 or newer (python3)",
  },
});
