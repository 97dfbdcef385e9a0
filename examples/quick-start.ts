import { SandboxSession } from "@llm-sandbox/core";

await using session = await SandboxSession.open({ lang: "python" });
const result = await session.run("print(sum(range(10)))");
console.log(result.status, result.stdout); // ok 45
