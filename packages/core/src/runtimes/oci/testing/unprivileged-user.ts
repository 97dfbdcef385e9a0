import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { findProgram } from "../host/find-program.ts";
import { DelegatedCgroups } from "./delegated-cgroups.ts";

/** What a program of the user's finds. */
export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** It is in cgroups that are the user's. Default true. */
  readonly delegated?: boolean;
  /** The user has subordinate ids. Default true. */
  readonly subordinates?: boolean;
  /** Programs that are not there. */
  readonly without?: readonly string[];
  /** A shell line before the program, as root, in the same mounts. */
  readonly prepare?: string;
  /** Sockets that nobody listens on. */
  readonly deaf?: readonly string[];
}

const workspace = fileURLToPath(new URL("../../../../../..", import.meta.url));
/** Below the ids of root's boxes. */
const subordinates = { users: 1_600_000_000, groups: 1_700_000_000, count: 131_072 };
const accounts = ["passwd", "group", "subuid", "subgid"] as const;

/** Arguments: pairs of what is mounted where, "--", user, group and a further group, files of cgroups to enter, "--", a folder, the command there. */
const enter = String.raw`set -e
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done; shift
user=$1 group=$2 more=$3; shift 3
eval "$PREPARE"
unset PREPARE
while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift
cd "$1"; shift
exec setpriv --reuid "$user" --regid "$group" --groups "$more" --inh-caps=-all -- "$@"`;

/**
 * A user without privileges who is there for the programs that are started as him, in mounts of their own, and for
 * nobody else: this machine's accounts stay as they are. The workspace is at `home/../workspace` for him.
 */
export class UnprivilegedUser {
  readonly id: number;
  readonly #folder: string;
  readonly #cgroups: DelegatedCgroups;
  readonly #sockets: Server[] = [];

  private constructor(id: number, folder: string, cgroups: DelegatedCgroups) {
    this.id = id;
    this.#folder = folder;
    this.#cgroups = cgroups;
  }

  /** Why there can be no such user here, or null. */
  static whyNot(): string | null {
    if (process.platform !== "linux") return "this is not Linux";
    if (process.getuid?.() !== 0) return "only root can be another user";
    const absent = ["newuidmap", "newgidmap", "unshare", "setpriv", "runc"].find(
      (name) => !findProgram(name),
    );
    return absent === undefined ? null : `there is no ${absent}`;
  }

  static async make(): Promise<UnprivilegedUser> {
    const id = randomInt(1_500_000_000, 1_600_000_000);
    const folder = await mkdtemp(join(tmpdir(), "llm-sandbox-user-"));
    const user = new UnprivilegedUser(id, folder, new DelegatedCgroups(`llm-sandbox-user-${id}`));
    try {
      await user.#prepare();
      return user;
    } catch (error) {
      await user.remove();
      throw error;
    }
  }

  /** The user's own folder, which nobody else enters. */
  get home(): string {
    return join(this.#folder, "home");
  }

  /** Where the user's boxes have their folders. */
  get runFolder(): string {
    return `/tmp/llm-sandbox-run-${this.id}`;
  }

  /** To prepare surroundings with a folder for temporary files that has nothing but this user, and is changed so, as /mnt. */
  withTmp(change: string): string {
    const place = join("/mnt", basename(this.#folder));
    return `mount -t tmpfs -o mode=1777 none /mnt; mkdir ${place}; mount --rbind ${this.#folder} ${place}
      ${change}; mount --rbind /mnt /tmp`;
  }

  async #prepare(): Promise<void> {
    const { id, home } = this;
    await writeFile(join(this.#folder, "enter.sh"), enter);
    for (const name of ["home", "workspace", "node", "none", "some"]) await mkdir(join(this.#folder, name));
    await chmod(this.#folder, 0o755);
    await chown(home, id, id);
    await chmod(home, 0o700);
    const lines = {
      passwd: `sandboxer:x:${id}:${id}::${home}:/bin/sh\n`,
      group: `sandboxer:x:${id}:\n`,
      subuid: `sandboxer:${subordinates.users}:${subordinates.count}\n`,
      subgid: `sandboxer:${subordinates.groups}:${subordinates.count}\n`,
    };
    for (const name of accounts) {
      const path = join("/etc", name);
      await writeFile(path, "", { flag: "a" });
      for (const kind of ["none", "some"]) {
        const copy = join(this.#folder, kind, name);
        await copyFile(path, copy);
        if (kind === "some" || !name.startsWith("sub")) await writeFile(copy, lines[name], { flag: "a" });
      }
    }
    this.#cgroups.make(id);
  }

  /** Runs node with the arguments in the workspace. The user has a further group, as users do. */
  async node(
    args: readonly string[],
    {
      env = {},
      delegated = true,
      subordinates = true,
      without = [],
      prepare = ":",
      deaf = [],
    }: Surroundings = {},
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
    const inside = (name: string) => join(this.#folder, name);
    const kind = subordinates ? "some" : "none";
    const mounts = [
      [workspace, inside("workspace")],
      [dirname(process.execPath), inside("node")],
      ...accounts.map((name) => [inside(join(kind, name)), join("/etc", name)]),
      ...without.map((name) => ["/dev/null", findProgram(name)!]),
      ...deaf.map((path) => ["/dev/null", path]),
    ];
    const entered = delegated ? this.#cgroups.entrances : [];
    const child = spawn(
      findProgram("unshare")!,
      ["--mount", "--propagation", "private", "sh", inside("enter.sh")]
        .concat(mounts.flat(), "--", String(this.id), String(this.id), String(this.id + 1), entered, "--")
        .concat(inside("workspace"), join(inside("node"), "node"), args),
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PREPARE: prepare,
          HOME: this.home,
          PATH: `${inside("node")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
          ...env,
        },
      },
    );
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve)),
    ]);
    return { code, stdout, stderr };
  }

  /** Lets the user, and nobody else, reach a socket of this machine; resolves with its path for him. */
  async share(socket: string): Promise<string> {
    const path = join(this.home, "engine.sock");
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ path: socket, allowHalfOpen: true });
      near.pipe(far).pipe(near);
      near.on("error", () => far.destroy());
      far.on("error", () => near.destroy());
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await chown(path, this.id, this.id);
    this.#sockets.push(server);
    return path;
  }

  /** Folders and cgroups of the user's boxes. */
  async leftovers(): Promise<string[]> {
    const boxes = join(this.runFolder, "boxes");
    const folders = (await readdir(boxes).catch(() => [])).map((name) => join(boxes, name));
    return [...folders, ...this.#cgroups.inner()];
  }

  async remove(): Promise<void> {
    for (const server of this.#sockets) server.close();
    await this.#cgroups.remove();
    await rm(this.runFolder, { recursive: true, force: true });
    await rm(`/tmp/llm-sandbox-${this.id}`, { recursive: true, force: true });
    await rm(this.#folder, { recursive: true, force: true });
  }
}
