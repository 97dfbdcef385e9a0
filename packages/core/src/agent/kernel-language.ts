import { languages } from "../languages/index.ts";

/** The language whose kernel a command line starts. */
export function languageOfKernel(argv: readonly string[]): string | undefined {
  return languages.find((language) => language.kernel && same(language.kernel.argv, argv))?.name;
}

/** Whether two command lines are the same. */
export function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}
