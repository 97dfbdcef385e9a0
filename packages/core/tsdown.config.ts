import { defineConfig, type UserConfig } from "tsdown";

const config: UserConfig = defineConfig({
  entry: {
    index: "src/index.ts",
    docker: "src/runtimes/docker/index.ts",
    oci: "src/runtimes/oci/index.ts",
    embedded: "src/runtimes/embedded/index.ts",
    tool: "src/tool/index.ts",
    testing: "src/testing/index.ts",
  },
  format: "esm",
  platform: "node",
  target: "node22.18",
  fixedExtension: false,
  dts: true,
});

export default config;
