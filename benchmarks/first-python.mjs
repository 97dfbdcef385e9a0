// What a program does that wants one result of Python: rows/embedded.ts measures it from the outside. JavaScript, as programs are when they run.
import { SandboxSession } from "@llm-sandbox/core";
import { embedded } from "@llm-sandbox/core/embedded";

const session = await SandboxSession.open({ lang: "python", runtime: embedded() });
const result = await session.run("print(1)");
process.stdout.write(result.stdout);
await session.close();
