import { expect, test } from "vitest";
import { readPrograms } from "./program-sheet.ts";

const sheet = (options: string): string => `# T\n\n## one\n${options}\`\`\`bash\necho 1\n\`\`\`\n`;

test("a program has its options, and what differs with the reason", () => {
  const options =
    '- stdin: a\\n"b"\n- argv: ["x"]\n- timeout: 5\n- differs in stdout, error: because\n- says: why\n'.replaceAll(
      '"b"',
      "b",
    );
  expect(readPrograms(sheet(options))).toEqual([
    {
      name: "one",
      language: "bash",
      code: "echo 1\n",
      stdin: "a\nb",
      argv: ["x"],
      timeoutMs: 5,
      differs: new Map([
        ["stdout", "because"],
        ["error", "because"],
      ]),
      says: ["why"],
    },
  ]);
});

test.each(["- differs in stdout\n", "- differs in nothing: x\n", "- colour: red\n"])(
  "%j is no option",
  (options) => {
    expect(() => readPrograms(sheet(options))).toThrow(
      /differs for no reason|no nothing in a result|unknown option/,
    );
  },
);
