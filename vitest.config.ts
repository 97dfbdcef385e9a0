import { defineConfig, type ViteUserConfig } from "vitest/config";

// A long CI run goes on after a test that passes when repeated, and names it UNSTABLE at its end: a defect to mend.
const retry = process.env["CI"] === undefined ? 0 : 1;
const exclude = ["**/node_modules/**", "**/dist/**"];
// With a second engine, what is the same with any is left out: what stands above the runtimes or starts an engine of its own.
const sameWithAny = process.env["LLM_SANDBOX_TEST_FURTHER_ENGINE"]
  ? [
      "packages/{ai-sdk,cli,langchain,mcp,openai}/**",
      "packages/core/src/{languages,tool}/**",
      "examples/**",
      "**/{comparison,engine-faults}.engine.test.ts",
    ]
  : [];

// Engine and long tests share one container engine and its cores, so their files run one after the other.
const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["{packages,apps}/**/*.test.{ts,tsx}", "scripts/**/*.test.mjs"],
          exclude: [...exclude, "**/*.{engine,oci,embedded,long}.test.ts"],
          // Only a hang may end a test: on a busy machine a second's work takes ten.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "engine",
          include: ["{packages,apps,examples}/**/*.engine.test.ts"],
          exclude: [...exclude, ...sameWithAny],
          retry,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      // These two need no engine's socket and are run once, however many engines there are.
      ...["oci", "embedded"].map((name) => ({
        test: {
          name,
          include: [`packages/**/*.${name}.test.ts`],
          exclude,
          retry,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      })),
      {
        test: {
          name: "long",
          include: ["{packages,apps,examples}/**/*.long.test.ts"],
          exclude,
          retry,
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});

export default config;
