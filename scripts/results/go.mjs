/** Counts and failures of the output of `go test -json`; a test with subtests counts through them. */
export function goResults(text) {
  const tests = new Map();
  const outputs = new Map();
  const failedPackages = new Map();
  for (const line of text.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { Action, Package, ImportPath, FailedBuild, Test, Output } = JSON.parse(line);
    const key = `${Package ?? ImportPath} ${Test ?? ""}`.trim();
    if (Output !== undefined) outputs.set(key, (outputs.get(key) ?? "") + Output);
    else if (Test !== undefined && ["pass", "fail", "skip"].includes(Action)) tests.set(key, Action);
    else if (Action === "fail") failedPackages.set(key, FailedBuild ?? key);
  }
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const fail = (name, outputKey = name) => {
    counts.failed += 1;
    counts.failures.push({ name: `[agent] ${name}`, message: outputs.get(outputKey) ?? "" });
  };
  for (const [key, action] of tests) {
    const subtests = [...tests].filter(([other]) => other.startsWith(`${key}/`));
    if (action === "fail" && !subtests.some(([, other]) => other === "fail")) fail(key);
    else if (subtests.length > 0) continue;
    else if (action === "pass") counts.passed += 1;
    else counts.skipped += 1;
  }
  for (const [name, outputKey] of failedPackages) {
    const failedTests = [...tests].some(([key, action]) => key.startsWith(`${name} `) && action === "fail");
    if (!failedTests) fail(name, outputKey);
  }
  return counts;
}
