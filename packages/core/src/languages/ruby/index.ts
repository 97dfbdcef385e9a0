import { defineLanguage, type Language } from "../../language.ts";
import { rubyFailure } from "./failure.ts";

/** Ruby: whole programs, run by `ruby`. */
export const ruby: Language = defineLanguage({
  name: "ruby",
  aliases: ["rb"],
  extensions: [".rb"],
  imageFolder: "ruby",
  program: {
    fileName: () => "main.rb",
    build: () => [],
    run: ({ source, folder }) => ["ruby", `${folder}/${source}`],
    failure: rubyFailure,
    requires: "Ruby 3.0 or newer (ruby)",
  },
});
