import type { SandboxSession } from "../../session.ts";

/** Sessions that harmless cases use one after the other, as opening one costs more than most of them. */
export class SharedSessions {
  readonly #idle = new Map<string, SandboxSession[]>();

  /** An idle session of that kind, or a new one. */
  async take(kind: string, open: () => Promise<SandboxSession>): Promise<SandboxSession> {
    return this.#idle.get(kind)?.pop() ?? open();
  }

  /** Keeps the session for the next case, its files removed; ends it when that is not possible. */
  async giveBack(kind: string, session: SandboxSession, healthy: boolean): Promise<void> {
    const idle = this.#idle.get(kind) ?? [];
    this.#idle.set(kind, idle);
    if (healthy && (await isEmptied(session))) idle.push(session);
    else await session.close();
  }

  async closeAll(): Promise<void> {
    const sessions = [...this.#idle.values()].flat();
    this.#idle.clear();
    await Promise.all(sessions.map((session) => session.close()));
  }
}

async function isEmptied(session: SandboxSession): Promise<boolean> {
  try {
    const result = await session.executeCommand(["find", "/workspace", "/tmp", "-mindepth", "1", "-delete"], {
      cwd: "/",
    });
    return result.status === "ok";
  } catch {
    return false;
  }
}
