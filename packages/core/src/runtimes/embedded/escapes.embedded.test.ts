import { getServers } from "node:dns";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { cpus, hostname, networkInterfaces, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExecutionResult } from "../../execution.ts";
import { SandboxSession } from "../../session.ts";
import { embedded } from "./index.ts";

// Programs that attack, run for real. Each prints what it got; none may have got what is the machine's.

const runtime = embedded();
const secret = "a-secret-of-this-machine";
let folder = "";
let secretFile = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-sandbox-escapes-"));
  secretFile = join(folder, "secret.txt");
  await writeFile(secretFile, secret);
  process.env["LLM_SANDBOX_ESCAPE_SECRET"] = secret;
});
afterAll(async () => {
  delete process.env["LLM_SANDBOX_ESCAPE_SECRET"];
  await rm(folder, { recursive: true, force: true });
});

const open = (lang: string, more: object = {}): Promise<SandboxSession> =>
  SandboxSession.open({ lang, runtime, ...more });

/** Nothing of the machine is in what the program printed or failed with. */
function keepsSecrets(result: ExecutionResult): void {
  const all = JSON.stringify([result.stdout, result.stderr, result.error, result.outputs]);
  expect(all).not.toContain(secret);
  expect(all).not.toContain("root:x:0");
  expect(all).not.toContain(fileURLToPath(new URL("../../../../..", import.meta.url)));
  expect(all).not.toContain("node_modules");
}

/** Each attempt in a program of its own that tells how it went; none may have succeeded. */
async function refusesAll(
  session: SandboxSession,
  attempts: readonly string[],
  wrap: (code: string) => string,
): Promise<void> {
  for (const attempt of attempts) {
    const result = await session.run(
      wrap(attempt.replaceAll("SECRET_FILE", secretFile).replaceAll("FOLDER", folder)),
    );
    keepsSecrets(result);
    expect(result.stdout, attempt).not.toContain("GOT");
  }
  // Nothing was written beside the secret, and the session still works.
  expect(await readdir(folder)).toEqual(["secret.txt"]);
  expect(await readFile(secretFile, "utf8")).toBe(secret);
  const alive = await session.executeCommand("echo alive");
  expect(alive.stdout).toBe("alive\n");
}

const tryPython = (code: string): string =>
  `try:\n${code.replace(/^/gm, "    ")}\nexcept BaseException as error:\n    print(type(error).__name__, error)`;
const tryJavaScript = (code: string): string =>
  `(async () => { ${code} })().catch((error) => console.log(error?.name, error?.message));`;

/** Every way to a module of Node's that a program has, and every spelling. Who gets a database, writes files by it. */
const spill = `const db = new found.DatabaseSync(":memory:"); db.exec("PRAGMA temp_store_directory = 'FOLDER'; PRAGMA temp_store = 1; PRAGMA temp.cache_size = 10; CREATE TEMP TABLE t (x)"); for (let i = 0; i < 50; i += 1) db.exec("INSERT INTO t VALUES (randomblob(1000000))"); console.log("GOT a file")`;
const spellings = [
  "node:sqlite",
  "sqlite",
  "NODE:sqlite",
  " node:sqlite",
  "node:sqlite ",
  "node:sql\\nite",
  "\\u0000node:sqlite",
  "ext:deno_node/sqlite.ts",
];
/** A program changes what the box's own code might decide by. */
const pollution = `
  RegExp.prototype.test = () => true; RegExp.prototype.exec = () => ["data:", "data"];
  String.prototype.startsWith = () => true; String.prototype[Symbol.match] = true;
  Set.prototype.has = Map.prototype.has = () => true; Map.prototype.get = () => undefined;
  Array.prototype.includes = () => false; Object.hasOwn = () => false; Object.prototype.DatabaseSync = undefined;
  Object.prototype["node:sqlite"] = Object.prototype["sqlite"] = "node:sqlite";
  Object.defineProperty(URL.prototype, "href", { get: () => "node:sqlite" });`;
const waysToSqlite: readonly string[] = [
  ...spellings.flatMap((name) => [
    `const found = await import("${name}"); ${spill}`,
    `const found = process.getBuiltinModule("${name}"); ${spill}`,
    `${pollution} const found = await import("${name}"); ${spill}`,
    `${pollution} const found = process.getBuiltinModule("${name}"); ${spill}`,
    `const found = process.getBuiltinModule("module").createRequire("file:///x.js")("${name}"); ${spill}`,
  ]),
  // A static import goes on when a hook has thrown.
  ...spellings.flatMap((name) =>
    ["data", "blob"].map((scheme) => {
      const code = `\`export * from ${JSON.stringify(name)}\``;
      const address =
        scheme === "data"
          ? `"data:text/javascript," + encodeURIComponent(${code})`
          : `URL.createObjectURL(new Blob([${code}], { type: "text/javascript" }))`;
      return `const found = await import(${address}); ${spill}`;
    }),
  ),
  `const found = process.getBuiltinModule({ toString: () => "node:sqlite" }); ${spill}`,
  `const found = process.mainModule.constructor._load("node:sqlite"); ${spill}`,
  `const found = process.binding("sqlite"); ${spill}`,
  `const found = Deno[Deno.internal].core.ops; ${spill}`,
  `if (Object.keys(Deno[Deno.internal].core.ops).length > 0) console.log("GOT operations")`,
  `if (Reflect.ownKeys(Deno).some((name) => typeof name === "symbol" || /internal|dlopen|Command|spawn|open|write|serve|Unsafe/.test(name))) console.log("GOT Deno's own")`,
  `nodeBootstrap({}); console.log("GOT a start of Node")`,
];

test("Python does not reach the machine by its files, its JavaScript bridge, ctypes or shared objects", async () => {
  await using session = await open("python");
  const attempts = [
    "print('GOT', open('SECRET_FILE').read())",
    "print('GOT', open('/proc/self/environ').read())",
    "import os; print('GOT', os.listdir('FOLDER'))",
    "import os; os.symlink('SECRET_FILE', 'link'); print('GOT', open('link').read())",
    "import os; assert os.environ.get('LLM_SANDBOX_ESCAPE_SECRET'); print('GOT')",
    "from js import Deno; print('GOT', Deno.readTextFileSync('SECRET_FILE'))",
    "from js import Deno; print('GOT', Deno.env.get('LLM_SANDBOX_ESCAPE_SECRET') or 1/0)",
    "from js import Deno; Deno.writeTextFileSync('FOLDER/out', 'x'); print('GOT')",
    "from js import Deno; print('GOT', Deno.Command.new('id').outputSync())",
    "from js import Deno; print('GOT', Deno.dlopen('libc.so.6', {}))",
    "import js; js.eval(\"Deno.permissions.requestSync({name: 'read'})\"); from js import Deno; print('GOT', Deno.readTextFileSync('SECRET_FILE'))",
    "from pyodide.code import run_js; print('GOT', run_js(\"process.getBuiltinModule('fs').readFileSync('SECRET_FILE', 'utf8')\"))",
    "from pyodide.code import run_js\nimport asyncio\nprint('GOT', asyncio.run(run_js(\"import('node:fs').then((fs) => fs.readFileSync('SECRET_FILE', 'utf8'))\")))",
    "from pyodide.code import run_js\nimport asyncio\nprint('GOT', asyncio.run(run_js(\"import('file://SECRET_FILE', { with: { type: 'text' } }).then((m) => m.default)\")))",
    "import ctypes; ctypes.CDLL(None).emscripten_run_script(b\"console.log('GOT', Deno.readTextFileSync('SECRET_FILE'))\")",
    "import ctypes; print('GOT', ctypes.CDLL('SECRET_FILE'))",
    "import ctypes\nopen('side.wasm', 'wb').write(bytes([0, 97, 115, 109, 1, 0, 0, 0]))\nctypes.CDLL('/workspace/side.wasm'); print(open('SECRET_FILE').read())",
    "import os; os.system('cat SECRET_FILE'); raise SystemExit",
    "import pyodide_js; print('GOT', pyodide_js.FS.mount(pyodide_js.FS.filesystems.NODEFS, {'root': 'FOLDER'}, '/mnt'))",
    "from js import fetch\nimport asyncio\nprint('GOT', asyncio.run(fetch('file://SECRET_FILE')))",
    "from js import fetch\nimport asyncio\nprint('GOT', asyncio.run(fetch('http://127.0.0.1:1/')))",
    "from js import Worker; Worker.new('data:text/javascript,console.log(Deno.readTextFileSync(\"SECRET_FILE\"))', type='module', deno={'permissions': 'inherit'}); print('GOT a thread')",
    ...[
      "process.getBuiltinModule('worker_threads').Worker",
      "process.getBuiltinModule('node:module').createRequire('file:///x.js')('worker_threads').Worker",
      "(await import('node:worker_threads')).Worker",
      "(await import('worker_threads')).default.Worker",
    ].map(
      (worker) =>
        `from pyodide.code import run_js\nimport asyncio\nasync def main():\n    await run_js("(async () => { const W = ${worker}; await new Promise((done, fail) => { const w = new W('0', { eval: true }); w.on('online', done); w.on('exit', done); w.on('error', fail); }); })()")\n    print('GOT a thread')\nasyncio.run(main())`,
    ),
    "from js import navigator\nimport asyncio\nprint('GOT', asyncio.run(navigator.gpu.requestAdapter()))",
    ...waysToSqlite.map(
      (way) =>
        `from pyodide.code import run_js\nimport asyncio\nimport js\njs.console.log = print\nasyncio.run(run_js(${JSON.stringify(`(async () => { ${way} })()`)}))`,
    ),
    "import os\nos.symlink('x' * 100_000, 'long'); print('GOT')",
    "import socket; socket.create_connection(('127.0.0.1', 22)); print('GOT')",
    "import mmap; print('GOT', mmap.mmap(-1, 1 << 40))",
  ];
  await refusesAll(session, attempts, tryPython);
}, 480_000);

test("JavaScript does not reach the machine by Node's modules, Deno's rests, imports or workers", async () => {
  await using session = await open("javascript");
  const attempts = [
    "console.log('GOT', require('fs').readFileSync('SECRET_FILE', 'utf8'))",
    "console.log('GOT', require('fs').readFileSync('/proc/self/environ', 'utf8'))",
    "require('fs').symlinkSync('SECRET_FILE', 'link'); console.log('GOT', require('fs').readFileSync('link', 'utf8'))",
    "console.log('GOT', (await import('node:fs')).readFileSync('SECRET_FILE', 'utf8'))",
    "console.log('GOT', process.getBuiltinModule('node:fs').readFileSync('SECRET_FILE', 'utf8'))",
    "console.log('GOT', process.binding('fs').internalModuleReadJSON('SECRET_FILE'))",
    "if (process.env.LLM_SANDBOX_ESCAPE_SECRET) console.log('GOT')",
    "console.log('GOT', Deno.readTextFileSync('SECRET_FILE'))",
    "console.log('GOT', Deno.env.toObject().LLM_SANDBOX_ESCAPE_SECRET.length)",
    "await Deno.permissions.request({ name: 'read' }); console.log('GOT', Deno.readTextFileSync('SECRET_FILE'))",
    "console.log('GOT', new Deno.Command('id').outputSync())",
    "console.log('GOT', await Deno.connect({ port: 22 }))",
    "console.log('GOT', await navigator.gpu.requestAdapter())",
    "console.log('GOT', new GPU())",
    "console.log('GOT', await Deno.openKv('FOLDER/kv'))",
    "console.log('GOT', (await import('file://SECRET_FILE', { with: { type: 'text' } })).default)",
    "console.log('GOT', await import('file://SECRET_FILE'))",
    "console.log('GOT', await import('data:text/javascript,import text from \"file://SECRET_FILE\" with { type: \"text\" }; export default text'))",
    "console.log('GOT', await import('data:text/javascript,export default Deno.readTextFileSync(\"SECRET_FILE\")'))",
    "console.log('GOT', await import('https://127.0.0.1:1/a.js'))",
    "console.log('GOT', require('SECRET_FILE'))",
    "console.log('GOT', require('child_process').execSync('id').toString())",
    "console.log('GOT', process.getBuiltinModule('child_process').spawnSync('id').stdout.toString())",
    "new (require('worker_threads').Worker)('console.log(1)', { eval: true }); console.log('GOT')",
    "new Worker('data:text/javascript,1', { type: 'module' }); console.log('GOT')",
    "console.log('GOT', await fetch('file://SECRET_FILE').then((answer) => answer.text()))",
    "const net = require('net'); await new Promise((done, fail) => net.connect(22, '127.0.0.1', done).on('error', fail)); console.log('GOT')",
    "console.log('GOT', await require('dns').promises.lookup('example.com'))",
    "console.log('GOT', require('vm').runInNewContext('this.constructor.constructor(\"return Deno\")()').readTextFileSync('SECRET_FILE'))",
    "console.log('GOT', (function () {}).constructor('return Deno')().readTextFileSync('SECRET_FILE'))",
    "const sqlite = require('node:sqlite'); new sqlite.DatabaseSync('FOLDER/out.db'); console.log('GOT')",
    ...waysToSqlite,
    ...spellings.map((name) => `const found = require("${name}"); ${spill}`),
    `require("module").registerHooks({ resolve: (name, context, next) => name === "x:a" ? { url: "node:sqlite", format: "builtin", shortCircuit: true } : next(name, context) }); const found = await import("x:a"); ${spill}`,
    `require("module").registerHooks({ resolve: (name, context, next) => name === "x:a" ? { url: " NODE:sqlite", shortCircuit: true } : next(name, context) }); const found = await import("x:a"); ${spill}`,
    `require("module").registerHooks({ load: (url, context, next) => next("node:sqlite", context) }); const found = await import("data:,1"); ${spill}`,
    ...spellings.map(
      (name) =>
        `require("fs").writeFileSync("own.mjs", \`export * from "${name}"\`); const found = await import("/workspace/own.mjs"); ${spill}`,
    ),
    `require("fs").writeFileSync("own.mjs", ""); ${pollution} const found = await import("/workspace/own.mjs"); ${spill}`,
    `new (require("repl").REPLServer)().context.require("node:sqlite"); console.log("GOT")`,
    `new (require("wasi").WASI)({ version: "preview1", preopens: { "/": "FOLDER" } }); console.log("GOT")`,
    "process.report.writeReport('FOLDER/report.json')",
    "require('v8').writeHeapSnapshot('FOLDER/heap')",
    "process.chdir('FOLDER'); console.log('GOT')",
    "process.dlopen({ exports: {} }, 'SECRET_FILE'); console.log('GOT')",
    "console.log('GOT', require('module').createRequire('FOLDER/x.js')('./secret.txt'))",
    "console.log('GOT', new (process.getBuiltinModule('module'))('x').constructor._load('SECRET_FILE'))",
    "const { Session } = require('inspector'); new Session().connect(); console.log('GOT')",
    "console.log('GOT', [process.execPath, process.argv0, process.cwd(), process.title].find((text) => text.includes('/deno')).length)",
  ];
  await refusesAll(session, attempts, tryJavaScript);
}, 480_000);

test("Bash does not reach the machine", async () => {
  await using session = await open("bash");
  const attempts = [
    "cat SECRET_FILE && echo GOT",
    "cat /proc/self/environ | grep LLM_SANDBOX && echo GOT",
    "env | grep LLM_SANDBOX_ESCAPE && echo GOT",
    "ln -s SECRET_FILE link; cat link && echo GOT",
    "ls FOLDER && echo GOT",
    "echo x > FOLDER/out && echo GOT",
    "cat < /dev/tcp/127.0.0.1/22 && echo GOT",
    "curl file://SECRET_FILE && echo GOT",
    'node -e \'console.log(require("fs").readFileSync("SECRET_FILE", "utf8"))\' && echo GOT',
    "find / -name 'secret.txt' | grep . && echo GOT",
    "source SECRET_FILE && echo GOT",
    `node -e 'const found = require("node:sqlite"); ${spill.replaceAll("'", "")}'`,
    `node -e 'import("NODE:sqlite").then((found) => { ${spill.replaceAll("'", "")} })'`,
    `python3 -c 'from pyodide.code import run_js; print("GOT", run_js("process.getBuiltinModule(\\"node:sqlite\\")"))'`,
  ];
  await refusesAll(session, attempts, (code) => code);
});

const tryRuby = (code: string): string =>
  `begin\n${code}\nrescue Exception => error\n  puts "#{error.class} #{error.message}"\nend`;

test("Ruby does not reach the machine by its files, its JavaScript bridge, processes or sockets", async () => {
  await using session = await open("ruby");
  const attempts = [
    "puts 'GOT', File.read('SECRET_FILE')",
    "puts 'GOT', File.read('/proc/self/environ')",
    "puts 'GOT', File.read('/dev/stdin/../../etc/passwd')",
    "puts 'GOT', File.read('/workspace/../../../..SECRET_FILE')",
    "puts 'GOT', IO.binread('../..SECRET_FILE')",
    "puts 'GOT', Dir.children('FOLDER')",
    "Dir.chdir('FOLDER'); puts 'GOT'",
    "File.symlink('SECRET_FILE', 'link'); puts 'GOT', File.read('link')",
    "File.symlink('/', 'root'); puts 'GOT', File.read('root/SECRET_FILE')",
    "File.link('SECRET_FILE', 'hard'); puts 'GOT', File.read('hard')",
    "File.write('FOLDER/out', 'x'); puts 'GOT'",
    "File.rename('/workspace', 'FOLDER/moved'); puts 'GOT'",
    "puts 'GOT' if ENV['LLM_SANDBOX_ESCAPE_SECRET']",
    "puts 'GOT' if ObjectSpace.each_object(String).any? { |text| text.b.match?(/a-secret-o[f]-this/n) }",
    "require 'js'; puts 'GOT', JS.eval('return Deno.readTextFileSync(\"SECRET_FILE\")')",
    "require 'js'; puts 'GOT', JS.global[:Deno].to_s",
    "require 'js'; puts 'GOT', JS.eval('return process.getBuiltinModule(\"node:sqlite\")').to_s",
    "Object.send(:remove_const, :JS); require 'js.so'; puts 'GOT', JS.eval_js('return process.getBuiltinModule(\"node:sqlite\")').to_s",
    "$LOADED_FEATURES.clear; Object.send(:remove_const, :JS); require 'js'; puts 'GOT', JS.eval('return Deno.readTextFileSync(\"SECRET_FILE\")').to_s",
    "Object.send(:remove_const, :JS); require 'js.so'; puts 'GOT', JS.eval_js('return 1').to_s",
    "Object.send(:remove_const, :JS); require 'js.so'; puts 'GOT', JS.global.to_s",
    "puts 'GOT', `cat SECRET_FILE`",
    "puts 'GOT' if system('cat', 'SECRET_FILE')",
    "puts 'GOT' if Process.spawn('id')",
    "exec('cat', 'SECRET_FILE')",
    "puts 'GOT', IO.popen('id').read",
    "puts 'GOT', open('|id').read",
    "fork { puts 'GOT' }",
    "syscall(0, 0, 0, 0); puts 'GOT'",
    "require 'socket'; TCPSocket.new('127.0.0.1', 22); puts 'GOT'",
    "require 'open-uri'; puts 'GOT', URI.open('file://SECRET_FILE').read",
    "require 'fiddle'; puts 'GOT', Fiddle.dlopen(nil)",
    "load 'SECRET_FILE'; puts 'GOT'",
    "(3..64).each { |number| puts 'GOT', IO.for_fd(number, autoclose: false).read }",
    "IO.for_fd(3, 'w', autoclose: false).syswrite('x'); puts 'GOT'",
    "puts 'GOT' if File.stat('SECRET_FILE').size",
    "puts 'GOT', Dir.glob('/{etc,proc,sys,dev,home,root}/**').first || raise",
    "Process.kill(:KILL, Process.ppid); puts 'GOT'",
    "Process.kill(:KILL, 1); puts 'GOT'",
    "exit!(0x1000)",
    "exit!(0x2000 + 9)",
  ];
  await refusesAll(session, attempts, tryRuby);
}, 480_000);

test("C and C++ do not reach the machine, neither as a program nor through the compiler", async () => {
  await using session = await open("cpp", { timeoutMs: 120_000 });
  const reading = [
    "SECRET_FILE",
    "/proc/self/environ",
    "/workspace/../../../..SECRET_FILE",
    "link",
    "root/SECRET_FILE",
  ];
  const program = `#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
__attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("fd_write"))) int raw_write(int, int, int, int);
__attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("path_open"))) int raw_open(int, int, int, int, int, int64_t, int64_t, int, int);
__attribute__((__import_module__("wasi_snapshot_preview1"), __import_name__("random_get"))) int raw_random(int, int);
static void try_file(const char* path) {
  char text[200] = "";
  FILE* file = fopen(path, "r");
  if (file && fread(text, 1, sizeof text - 1, file) > 0) printf("GOT %s %s\\n", path, text);
  struct stat status;
  if (!strstr(path, "link") && !strstr(path, "root") && stat(path, &status) == 0) printf("GOT the status of %s\\n", path);
}
int main(void) {
  symlink("SECRET_FILE", "link");
  symlink("/", "root");
  ${reading.map((path) => `try_file("${path}");`).join("\n  ")}
  if (fopen("FOLDER/out", "w")) printf("GOT a file\\n");
  if (mkdir("FOLDER/made", 0777) == 0 || rename("/workspace", "FOLDER/moved") == 0) printf("GOT a folder\\n");
  if (opendir("FOLDER") || opendir("/proc") || opendir("/etc")) printf("GOT its names\\n");
  if (getenv("LLM_SANDBOX_ESCAPE_SECRET")) printf("GOT a variable\\n");
  for (int fd = 3; fd < 64; fd += 1) {
    char byte;
    if (read(fd, &byte, 1) >= 0 || write(fd, "x", 1) >= 0) printf("GOT descriptor %d\\n", fd);
  }
  // Addresses that are not this program's.
  int opened = 0;
  for (int64_t at = -64; at < 0; at += 1) {
    if (raw_write(1, (int)at, 4, (int)at) == 0) printf("GOT %d\\n", (int)at);
    raw_open(3, 0, (int)at, 0x7fffffff, 0, -1, -1, 0, (int)&opened);
    raw_random((int)at, 0x7fffffff);
    raw_write(0x7fffffff, (int)&opened, -1, (int)&opened);
  }
  puts("done");
  return 0;
}`;
  await session.files.writeFile(
    "attack.c",
    program.replaceAll("SECRET_FILE", secretFile).replaceAll("FOLDER", folder),
  );
  const built = await session.executeCommand("gcc attack.c -o attack");
  expect(built).toMatchObject({ status: "ok", stderr: "" });
  const { stdout } = await session.executeCommand("./attack");
  expect(stdout).toMatch(/^done\n$/);
  // What the compiler may read is its own and the session's.
  for (const line of [
    "gcc -x c -E SECRET_FILE",
    "echo '#include \"SECRET_FILE\"' > include.c; gcc -E include.c",
    "echo '.incbin \"SECRET_FILE\"' > binary.s; gcc -c binary.s -o binary.o && cat binary.o",
    "gcc @SECRET_FILE",
    "gcc -c attack.c -o FOLDER/out",
    "gcc -fplugin=SECRET_FILE -c attack.c",
    "gcc -E -include /proc/self/environ attack.c",
    "gcc -print-search-dirs --sysroot=/ -v",
  ]) {
    const result = await session.executeCommand(
      line.replaceAll("SECRET_FILE", secretFile).replaceAll("FOLDER", folder),
    );
    const all = JSON.stringify([result.stdout, result.stderr]);
    expect(all, line).not.toContain(secret);
    expect(all, line).not.toContain("node_modules");
  }
  // A module that is not of this compiler gets no more than one of it.
  await session.files.writeFile(
    "forged",
    Buffer.from(
      "0061736d010000000108026000006001 7f00021001036a6a73046576616c0000".replaceAll(" ", ""),
      "hex",
    ),
  );
  expect(await session.executeCommand(["/workspace/forged"])).toMatchObject({ exitCode: 126 });
  expect(await readdir(folder)).toEqual(["secret.txt"]);
}, 480_000);

test("a program that pollutes its realm harms itself alone", async () => {
  await using session = await open("javascript");
  const pollution = `
    Object.prototype.op = "open"; Object.prototype.error = { code: "X" };
    Array.prototype[Symbol.iterator] = function* () { yield "forged"; };
    JSON.parse = () => ({}); JSON.stringify = () => "forged";
    Uint8Array.prototype.subarray = () => { throw new Error("broken"); };
    Function.prototype.call = Function.prototype.apply = () => { throw new Error("broken"); };
    Promise.prototype.then = () => { throw new Error("broken"); };
    console.log("polluted");`;
  await session.run(pollution, { timeoutMs: 5_000 });
  const other = await session.run("console.log(({}).op, JSON.stringify([1]))");
  expect(other).toMatchObject({ status: "ok", stdout: "undefined [1]\n" });
  expect(Object.prototype).not.toHaveProperty("op");
});

test("frames that a program forges end its own process, not the session, and are nobody else's", async () => {
  await using session = await open("python");
  const forged = [
    // Past the child's own functions: raw bytes where its frames go.
    "from js import Deno, Uint8Array\nDeno.stdout.writeSync(Uint8Array.new([255, 255, 255, 255, 9, 1, 2, 3]))",
    "from js import Deno, Uint8Array\nDeno.stdout.writeSync(Uint8Array.new([0, 0, 0, 5, 1] + list(b'hello')))",
    "from js import Deno, Uint8Array\nDeno.stdout.writeSync(Uint8Array.new([0, 0, 0, 8, 4, 255, 255, 255, 255, 1, 2, 3, 4]))",
    'from js import Deno, Uint8Array\nbody = b\'{"op":"open","path":5}\'\nDeno.stdout.writeSync(Uint8Array.new([0, 0, 0, 4 + len(body), 4, 0, 0, 0, len(body)] + list(body)))',
    'from js import Deno, Uint8Array\nbody = b\'{"op":"take"}\'\nDeno.stdout.writeSync(Uint8Array.new([0, 0, 0, 4 + len(body), 4, 0, 0, 0, len(body)] + list(body)))',
    'from js import Deno, Uint8Array\nbody = b\'{"op":"part","name":"just-bash","from":""}\'\nDeno.stdout.writeSync(Uint8Array.new([0, 0, 0, 4 + len(body), 4, 0, 0, 0, len(body)] + list(body)))',
    'from js import Deno, Uint8Array\nbody = b\'{"__proto__":{"op":"stat"},"op":"constructor"}\'\nDeno.stdout.writeSync(Uint8Array.new([0, 0, 0, 4 + len(body), 4, 0, 0, 0, len(body)] + list(body)))',
  ];
  // The way past the child's functions is there.
  const reached = await session.run(forged[1]!);
  expect(reached.stdout).toBe("hello");
  for (const program of forged) {
    const [attack, honest] = await Promise.all([
      session.run(program, { timeoutMs: 5_000 }),
      session.run("print('honest')"),
    ]);
    keepsSecrets(attack);
    expect(honest).toMatchObject({ status: "ok", stdout: "honest\n" });
  }
});

test("sessions do not see one another's files, nor a run the variables of another", async () => {
  await using one = await open("python");
  await using other = await open("python");
  await one.run("open('/tmp/mine', 'w').write('x'); import builtins; builtins.left = 'behind'");
  expect((await other.run("import os; print(os.listdir('/tmp'), os.listdir('/workspace'))")).stdout).toBe(
    "[] []\n",
  );
  expect((await one.run("import builtins; print(hasattr(builtins, 'left'))")).stdout).toBe("False\n");
});

test.each([
  [
    "wasm pages",
    "javascript",
    "const memory = new WebAssembly.Memory({ initial: 1 }); for (;;) { memory.grow(1000); new Uint8Array(memory.buffer).fill(1); }",
  ],
  [
    "shared memory",
    "javascript",
    "const all = []; for (;;) { const part = new SharedArrayBuffer(20_000_000); new Uint8Array(part).fill(1); all.push(part); }",
  ],
  [
    "strings",
    "javascript",
    "let text = 'x'; const all = []; for (;;) { text += text.slice(0, 1e7); all.push(Buffer.from(text)); }",
  ],
  ["Ruby's strings", "ruby", "all = []; loop { all << 'x' * 20_000_000 }"],
  ["Ruby's objects", "ruby", "all = []; loop { all << [all.size, Object.new] }"],
])("memory taken as %s is bounded", async (_what, lang, code) => {
  await using session = await open(lang, { limits: { memoryBytes: 134_217_728 } });
  const result = await session.run(code, { timeoutMs: 20_000 });
  expect(["out-of-memory", "failed"]).toContain(result.status);
  expect(result.usage.peakMemoryBytes ?? 0).toBeLessThan(1_500_000_000);
});

test("no path of this machine is in what programs can see of themselves", async () => {
  await using javascript = await open("javascript");
  const seen = await javascript.run(
    "console.log(process.execPath, process.argv, process.cwd(), __filename, new Error('x').stack, process.versions, require('os').homedir(), JSON.stringify(process.env), require('module').globalPaths, import.meta?.url ?? '');".replace(
      ", import.meta?.url ?? ''",
      "",
    ),
  );
  expect(seen.status).toBe("ok");
  keepsSecrets(seen);
  await using python = await open("python");
  const own = await python.run(
    "import sys, os, sysconfig\nprint(sys.path, sys.executable, sys.argv, dict(os.environ), os.getcwd(), sysconfig.get_paths())\nfrom js import process\nprint(process.argv.to_py(), process.execPath)\ntry:\n    from js import nothing\nexcept ImportError as error:\n    print(error)\nfrom pyodide.code import run_js\nrun_js('throw new Error(\"x\")')",
  );
  keepsSecrets(own);
  await using ruby = await open("ruby");
  const told = await ruby.run(
    "p $LOAD_PATH, $0, __FILE__, ENV.to_h, Dir.pwd, RbConfig::CONFIG, $LOADED_FEATURES, caller, Process.argv0, Process.pid\nraise 'x'",
  );
  keepsSecrets(told);
});

/** Speaks to this program as the box's own part does, by the stream that a program can reach too. */
const sender = `
const send = (request) => {
  const text = new TextEncoder().encode(JSON.stringify(request));
  const frame = new Uint8Array(9 + text.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 4 + text.length);
  frame[4] = 4;
  view.setUint32(5, text.length);
  frame.set(text, 9);
  for (let at = 0; at < frame.length; ) at += Deno.stdout.writeSync(frame.subarray(at));
};`;

test("calls whose replies nobody reads do not fill this program's memory", async () => {
  await using session = await open("javascript", { limits: { memoryBytes: 268_435_456 } });
  await session.files.writeFile("large", Buffer.alloc(4 * 1_048_576));
  const before = process.memoryUsage.rss();
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss() - before)), 20);
  const flood = `${sender}
    send({ op: "open", path: "/workspace/large", flags: { read: true } });
    for (;;) for (let handle = 1; handle < 5; handle += 1) send({ op: "read", handle, position: 0, length: 1 << 22 });`;
  const result = await session.run(flood, { timeoutMs: 4_000 });
  clearInterval(watch);
  expect(result.status).not.toBe("ok");
  expect(most).toBeLessThan(200 * 1_048_576);
});

test("no program can forge the sandbox's own failure", async () => {
  await using session = await open("javascript");
  const result = await session.run(`${sender} send({ op: "no-program" }); for (;;);`, { timeoutMs: 5_000 });
  expect(result.status).toBe("failed");
  expect((await session.run("console.log(1)")).stdout).toBe("1\n");
});

/** Asks every function of Deno's, and those of Node that know the machine, and prints the answers and the errors. */
const asksAll = `
  const told = [];
  const ask = async (name, work) => {
    try { told.push([name, await work()]); } catch (error) { told.push([name, String(error?.message)]); }
  };
  const later = /^(?:exit|stdin|stdout|stderr|inspect)$/;
  for (const name of Reflect.ownKeys(Deno)) {
    if (later.test(String(name)) || typeof Reflect.getOwnPropertyDescriptor(Deno, name).value !== "function") continue;
    for (const given of [[], ["example.com", "A"], [{ port: 53, hostname: "example.com" }]]) {
      await ask(String(name), () => Deno[name](...given));
    }
  }
  await ask("resolveDns", () => Deno.resolveDns("example.com", "A"));
  await ask("hardwareConcurrency", () => ["processors", navigator.hardwareConcurrency]);
  await ask("internal", () => Deno[Deno.internal].__nodeBootstrapArgs.argv0);
  for (const name of ["os", "dns", "dns/promises"]) {
    let module = {};
    await ask(name, () => { module = process.getBuiltinModule(name); });
    const resolver = module?.Resolver ? new module.Resolver() : {};
    const parts = [module ?? {}, resolver, Object.getPrototypeOf(resolver)];
    for (const part of parts) for (const key of Object.getOwnPropertyNames(part)) {
      if (/^(?:constructor|resolve|lookup|reverse|set|cancel|__)/.test(key)) continue;
      if (typeof part[key] === "function" && part !== Object.prototype) await ask(name + "." + key, () => part[key].call(resolver));
    }
    if (module?.resolve) await ask("resolve", () => new Promise((done, fail) => Promise.resolve(module.resolve("example.com", done)).catch(fail)));
    if (resolver.resolve) await ask("resolver", () => new Promise((done, fail) => Promise.resolve(resolver.resolve("example.com", done)).catch(fail)));
  }
  for (const name of ["availableMemory", "constrainedMemory", "getgroups"]) await ask(name, () => process[name]());
  await ask("report", () => process.report.getReport());
  const text = JSON.stringify(told);`;

test("nothing tells facts of this machine, neither as an answer nor in the words of a refusal", async () => {
  const addresses = Object.values(networkInterfaces()).flatMap((some) =>
    (some ?? []).map(({ address }) => address),
  );
  const facts = [hostname(), release(), String(totalmem()), ...getServers(), ...addresses].filter(
    (fact) => fact.length > 4 && !/^(?:127\.0\.0\.1|localhost)$/.test(fact),
  );
  await using javascript = await open("javascript");
  await using python = await open("python");
  const results = [
    await javascript.run(`(async () => { ${asksAll} console.log(text); })()`),
    await python.run(
      `from pyodide.code import run_js\nimport asyncio\nprint(asyncio.run(run_js(${JSON.stringify(`(async () => { ${asksAll} return text; })()`)})))`,
    ),
  ];
  for (const result of results) {
    expect(result).toMatchObject({ status: "ok" });
    keepsSecrets(result);
    // It has asked.
    expect(result.stdout).toContain('"resolveDns"');
    for (const fact of facts) expect(result.stdout).not.toContain(fact);
    expect(result.stdout).not.toMatch(/net access to "[^"]*:53"/);
    if (cpus().length > 1) expect(result.stdout).toContain('["processors",1]');
  }
});

/** Sends a call as the box's own part does, and returns the reply as text. */
const receiver = `
const reply = (request) => {
  send(request);
  const read = (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) at += Deno.stdin.readSync(bytes.subarray(at));
    return bytes;
  };
  return new TextDecoder().decode(read(new DataView(read(4).buffer).getUint32(0)).subarray(4));
};`;

test("what a child is told when it starts is not told again", async () => {
  const asks = `${sender} ${receiver} const told = ["boot", "take", "snapshot", "snapshot-done"].map((op) => reply({ op })).join(" ");`;
  const late = `${asks} const more = reply({ op: "take", now: true });`;
  await using javascript = await open("javascript");
  await using python = await open("python");
  const results = [
    await javascript.run(`${late} console.log(told, more)`),
    await python.run(
      `from pyodide.code import run_js\nprint(run_js(${JSON.stringify(`(() => { ${late} return told + more; })()`)}))`,
    ),
  ];
  for (const result of results) {
    keepsSecrets(result);
    expect(result.stdout.match(/"code":"ENOSYS"/g)).toHaveLength(5);
    expect(result.stdout).not.toMatch(/pyodide|snapshot"?:|kernel|\/home|\/root|\.cache/);
  }
});
