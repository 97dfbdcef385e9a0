import { findEngine } from "../find-engine.ts";

/** The addresses of the engines to test on: LLM_SANDBOX_TEST_ENGINES (separated by commas), else the one that is found. */
export async function enginesUnderTest(): Promise<string[]> {
  const named = process.env["LLM_SANDBOX_TEST_ENGINES"];
  if (named) return named.split(",").map((address) => address.trim());
  try {
    return [(await findEngine()).address];
  } catch (error) {
    console.warn(`Tests on an engine are left out. ${(error as Error).message}`);
    return [];
  }
}
