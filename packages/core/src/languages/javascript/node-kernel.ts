import { kernel } from "./kernel.generated.ts";

/** The command line of the kernel that JavaScript and TypeScript share. */
export function nodeKernelArgv(language: "javascript" | "typescript"): readonly string[] {
  // Modules in memory need the flag before Node 22.15; later it changes nothing.
  return ["node", "--experimental-vm-modules", "-e", kernel, language];
}
