import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { OutputChunk } from "../../execution.ts";
import type { ConformanceCase } from "./conformance-case.ts";
import { answers, endsAs, noneMarked, okay, within } from "./expectations.ts";
import { program } from "./program.ts";

const mebibyte = 1_048_576;
const lastBytes = 8_000_000;

/** A pseudo-random text that both sides can make: 16 hexadecimal digits a line. */
const writeLastBytes = program`
  import os, sys
  def text(size):
      word, lines = 1, []
      for _ in range(size // 17 + 1):
          word = (word * 6364136223846793005 + 1442695040888963407) % (1 << 64)
          lines.append('%016x' % word)
      return '\n'.join(lines)[:size].encode()
  data = text(${lastBytes})
  sent = 0
  while sent < len(data): sent += os.write(1, data[sent:])
`;

function lastBytesText(size: number): string {
  const lines: string[] = [];
  let word = 1n;
  for (let count = 0; count <= size / 17; count += 1) {
    word = BigInt.asUintN(64, word * 6364136223846793005n + 1442695040888963407n);
    lines.push(word.toString(16).padStart(16, "0"));
  }
  return lines.join("\n").slice(0, size);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export const outputCases: readonly ConformanceCase[] = [
  {
    id: "B/flood",
    title: "256 MiB of output are counted truly and cost the host no memory",
    alone: true,
    async run(bench) {
      const session = await bench.open();
      let most = 0;
      const before = process.memoryUsage().rss;
      const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
      const result = await session.run(
        program`
          import os
          block = b'0123456789abcde\n' * 65536
          os.write(1, b'first')
          for _ in range(256):
              sent = 0
              while sent < len(block): sent += os.write(1, block[sent:])
          os.write(1, b'last')
        `,
        { timeoutMs: 55_000 },
      );
      clearInterval(watch);
      okay(result);
      strictEqual(result.truncated.stdout.bytes, 256 * mebibyte + 9);
      ok(result.stdout.startsWith("first0123") && result.stdout.endsWith("\nlast"));
      ok(result.stdout.length < 1.1 * mebibyte);
      ok(most - before < 160 * mebibyte, `${Math.round((most - before) / mebibyte)} MiB more`);
    },
  },
  {
    id: "B/only-newlines",
    title: "millions of newlines are counted truly",
    async run(bench) {
      const session = await bench.shared();
      const result = okay(await session.run("import os\nfor _ in range(64): os.write(1, b'\\n' * 65536)"));
      deepStrictEqual(result.truncated.stdout.bytes, 4 * mebibyte);
      ok(/^\n+\[\d+ bytes omitted\]\n+$/.test(result.stdout));
    },
  },
  {
    id: "B/no-newline",
    title: "one endless line is kept by its head and tail",
    async run(bench) {
      const session = await bench.shared();
      const result = okay(await session.run("import sys\nsys.stdout.write('a' * 8_000_000 + 'z')"));
      strictEqual(result.truncated.stdout.bytes, 8_000_001);
      ok(result.stdout.startsWith("aaa") && result.stdout.endsWith("aaz"));
    },
  },
  {
    id: "B/truncation",
    title: "what was left out is said to the byte",
    async run(bench) {
      const session = await bench.shared({ maxOutputBytes: 2_048 });
      const code =
        "import sys\nsys.stdout.write('H' * 1_000_000 + 'T' * 1_000_000)\nsys.stderr.write('short')";
      const { stdout, stderr, truncated } = okay(await session.run(code));
      const omitted = Number(/\n\[(\d+) bytes omitted\]\n/.exec(stdout)?.[1]);
      deepStrictEqual(truncated.stdout, { bytes: 2_000_000, omittedBytes: omitted });
      strictEqual(stdout.replace(/\n\[.*\]\n/, "").length, 2_000_000 - omitted);
      ok(/^H+\n/.test(stdout) && /\nT+$/.test(stdout));
      deepStrictEqual([stderr, truncated.stderr], ["short", { bytes: 5, omittedBytes: 0 }]);
    },
  },
  ...(
    [
      ["B/last-bytes", "a normal end", ""],
      ["B/last-bytes-exit", "an end without clean-up", "os._exit(0)"],
      ["B/last-bytes-killed", "a death by SIGKILL", "os.kill(os.getpid(), 9)"],
    ] as const
  ).map(([id, what, end]): ConformanceCase => ({
    id,
    title: `the last 8 MB before ${what} arrive whole`,
    async run(bench) {
      const session = await bench.shared({ maxOutputBytes: 16 * mebibyte });
      const result = await session.run(`${writeLastBytes}\n${end}`);
      endsAs(result, id === "B/last-bytes-killed" ? "failed" : "ok");
      strictEqual(result.truncated.stdout.bytes, lastBytes);
      strictEqual(hash(result.stdout), hash(lastBytesText(lastBytes)));
    },
  })),
  {
    id: "B/last-bytes-javascript",
    title: "what JavaScript wrote before process.exit() arrives whole",
    async run(bench) {
      const session = await bench.shared({ lang: "javascript", maxOutputBytes: 16 * mebibyte });
      const result = okay(
        await session.run("process.stdout.write('x'.repeat(8_000_000) + 'end'); process.exit(0)"),
      );
      strictEqual(result.truncated.stdout.bytes, 8_000_003);
      ok(result.stdout.endsWith("xend"));
    },
  },
  {
    id: "B/last-bytes-bash",
    title: "what a shell's child wrote last arrives whole",
    async run(bench) {
      const session = await bench.shared({ lang: "bash", maxOutputBytes: 16 * mebibyte });
      const result = okay(await session.run("head -c 8000000 /dev/zero | tr '\\0' x; printf end"));
      strictEqual(result.stdout.length, 8_000_003);
      ok(result.stdout.endsWith("xend"));
    },
  },
  {
    id: "B/split-characters",
    title: "characters written byte by byte reach the listener whole",
    async run(bench) {
      const session = await bench.shared();
      const chunks: OutputChunk[] = [];
      const text = "é€😀 end";
      const code = program`
        import os, time
        for byte in "é€😀 end".encode():
            os.write(1, bytes([byte]))
            time.sleep(0.005)
      `;
      const result = okay(await session.run(code, { onOutput: (chunk) => void chunks.push(chunk) }));
      strictEqual(result.stdout, text);
      strictEqual(chunks.map((chunk) => chunk.text).join(""), text);
      ok(chunks.every((chunk) => !chunk.text.includes("\uFFFD")));
    },
  },
  {
    id: "B/invalid-utf8",
    title: "bytes that are no text become replacement characters, and everything around them stays",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import os
        for piece in (b'a\xff', b'\xfe', b'b\xe2\x82', b'c', b'\xed\xa0\x80', b'\xf8\x88', b'd\xc3'): os.write(1, piece)
      `;
      const heard: string[] = [];
      const result = okay(await session.run(code, { onOutput: ({ text }) => void heard.push(text) }));
      strictEqual(result.truncated.stdout.bytes, 14);
      strictEqual(result.stdout.replaceAll("\uFFFD", ""), "abcd");
      strictEqual(heard.join("").replaceAll("\uFFFD", ""), "abcd");
      ok(result.stdout.includes("\uFFFD"));
    },
  },
  {
    id: "B/control-characters",
    title: "NUL, escape sequences and carriage returns pass unchanged",
    async run(bench) {
      const session = await bench.shared();
      const code =
        "import sys\nsys.stdout.write('\\0\\x1b[2J\\x1b]0;title\\x07\\r\\b\\x7f\\x85\\u2028\\x1b]8;;http://x\\x1b\\\\.')";
      const result = okay(await session.run(code));
      strictEqual(
        result.stdout,
        "\0\u001b[2J\u001b]0;title\u0007\r\b\u007f\u0085\u2028\u001b]8;;http://x\u001b\\.",
      );
    },
  },
  {
    id: "B/slow-consumer",
    title: "a listener that does not take the output holds the program back, and gets all of it in the end",
    async run(bench) {
      const session = await bench.open();
      const taken = Promise.withResolvers<void>();
      let heardBytes = 0;
      const running = session.run(
        program`
          import os
          block = b'x' * 65536
          for number in range(512):
              sent = 0
              while sent < len(block): sent += os.write(1, block[sent:])
              with open('progress', 'w') as file: file.write(str(number + 1))
        `,
        {
          timeoutMs: 40_000,
          onOutput: async ({ text }) => {
            heardBytes += text.length;
            await taken.promise;
          },
        },
      );
      const progress = async (): Promise<number> =>
        Number((await session.executeCommand(["cat", "progress"])).stdout) * 65_536;
      let seen = -1;
      for (let now = await progress(); now !== seen; now = await progress()) {
        seen = now;
        await sleep(500);
      }
      ok(seen < 16 * mebibyte, `the program was ${seen} bytes ahead of its listener`);
      taken.resolve();
      const result = okay(await running);
      strictEqual(result.truncated.stdout.bytes, 32 * mebibyte);
      strictEqual(heardBytes, 32 * mebibyte);
    },
  },
  {
    id: "B/listener-throws",
    title: "a listener's error ends the run with that very error, and the session goes on",
    async run(bench) {
      const session = await bench.shared();
      const mine = new Error("mine");
      const code = "import time\nprint('x', flush=True)\ntime.sleep(60)";
      const running = session.run(code, {
        onOutput: () => {
          throw mine;
        },
      });
      await rejects(within(10_000, running), (error) => error === mine);
      await answers(session);
    },
  },
  {
    id: "B/grandchild-keeps-output",
    title: "a grandchild that keeps the output open holds no result up",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open('/proc/self/comm', 'w').write('marked')
                time.sleep(600)
            os._exit(0)
        os.wait()
        print('done')
      `;
      const result = await within(10_000, session.run(code, { timeoutMs: 30_000 }));
      strictEqual(okay(result).stdout, "done\n");
      await noneMarked(session);
    },
  },
  {
    id: "B/grandchild-floods",
    title: "a grandchild that floods the output after the end delays nothing for long",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import os
        if os.fork() == 0:
            os.setsid()
            open('/proc/self/comm', 'w').write('marked')
            while True: os.write(1, b'x' * 65536)
        os.write(2, b'done')
        os._exit(0)
      `;
      const result = await within(15_000, session.run(code, { timeoutMs: 30_000 }));
      strictEqual(okay(result).stderr, "done");
      await noneMarked(session);
      await answers(session);
    },
  },
  {
    id: "B/streams-apart",
    title: "standard output and error never mix",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import os
        for number in range(3000):
            os.write(1, b'out %d\n' % number)
            os.write(2, b'err %d\n' % number)
      `;
      const result = okay(await session.run(code));
      const lines = (word: string): string =>
        Array.from({ length: 3_000 }, (_, n) => `${word} ${n}\n`).join("");
      strictEqual(result.stdout, lines("out"));
      strictEqual(result.stderr, lines("err"));
    },
  },
  {
    id: "B/both-flood",
    title: "floods on both streams at once are counted truly",
    async run(bench) {
      const session = await bench.shared();
      const code = program`
        import os, threading
        def flood(stream):
            for _ in range(256):
                sent = 0
                while sent < 65536: sent += os.write(stream, b'%d' % stream * (65536 - sent))
        threads = [threading.Thread(target=flood, args=(stream,)) for stream in (1, 2)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
      `;
      const { stdout, stderr, truncated } = okay(await session.run(code));
      deepStrictEqual([truncated.stdout.bytes, truncated.stderr.bytes], [16 * mebibyte, 16 * mebibyte]);
      ok(!stdout.includes("222") && !stderr.includes("111"));
    },
  },
  {
    id: "B/tiny-writes",
    title: "twenty thousand writes of one byte arrive in order",
    async run(bench) {
      const session = await bench.shared();
      const result = okay(
        await session.run("import os\nfor n in range(20000): os.write(1, b'%d' % (n % 10))"),
      );
      strictEqual(result.stdout, "0123456789".repeat(2_000));
    },
  },
  {
    id: "B/closed-output",
    title: "a program may close its output and still ends well",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run(program`
        import os
        os.write(1, b'last words')
        os.close(1)
        os.close(2)
        open('after', 'w').write('yes')
      `);
      strictEqual(result.stdout, "last words");
      strictEqual(await session.files.readText("after"), "yes");
      await answers(session);
    },
  },
  {
    id: "B/named-output",
    title: "/dev/stdout and /dev/stderr can be written",
    async run(bench) {
      const session = await bench.shared();
      const result = okay(
        await session.executeCommand("echo one > /dev/stdout; echo two | tee /dev/stderr > /dev/null"),
      );
      deepStrictEqual([result.stdout, result.stderr], ["one\n", "two\n"]);
    },
  },
  {
    id: "B/before-timeout",
    title: "what was printed before a time limit is in the result",
    async run(bench) {
      const session = await bench.shared();
      const code =
        "import sys, time\nprint('printed')\nprint('logged', file=sys.stderr)\nsys.stdout.flush()\ntime.sleep(60)";
      const result = await session.run(code, { timeoutMs: 1_000 });
      endsAs(result, "timed-out");
      deepStrictEqual([result.stdout, result.stderr], ["printed\n", "logged\n"]);
    },
  },
  {
    id: "B/no-terminal",
    title: "no stream is a terminal, and none can be made to type on the host's",
    async run(bench) {
      const session = await bench.shared();
      const result = await session.run(program`
        import fcntl, os, termios
        terminals = [stream for stream in (0, 1, 2) if os.isatty(stream)]
        typed = []
        for stream in (0, 1, 2):
            try:
                fcntl.ioctl(stream, termios.TIOCSTI, b'x')
                typed.append(stream)
            except OSError: pass
        try: typed.append(os.open('/dev/tty', os.O_RDWR))
        except OSError: pass
        print(terminals, typed)
      `);
      strictEqual(okay(result).stdout, "[] []\n");
    },
  },
];
