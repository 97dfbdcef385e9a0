// Makes the default image of every language, two at a time, on the engine that DOCKER_HOST names.
import { languages, SandboxSession } from "../packages/core/dist/index.js";

const waiting = languages.map(({ name }) => name);
let failed = false;

async function work() {
  for (let lang = waiting.shift(); lang !== undefined; lang = waiting.shift()) {
    const begin = performance.now();
    try {
      const session = await SandboxSession.open({ lang });
      await session.close();
      console.log(`${lang}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    } catch (error) {
      failed = true;
      console.error(`${lang}: ${error.message}`);
    }
  }
}

await Promise.all([work(), work()]);
process.exitCode = failed ? 1 : 0;
