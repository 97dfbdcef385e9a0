import { defineConfig, type UserConfig } from "tsdown";

const config: UserConfig = defineConfig({
  entry: { index: "src/index.ts", harness: "src/harness.ts" },
  format: "esm",
  platform: "node",
  target: "node22.18",
  fixedExtension: false,
  dts: true,
});

export default config;
