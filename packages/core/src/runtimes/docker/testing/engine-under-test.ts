import { SandboxError } from "../../../errors.ts";
import { discoverEngine } from "../../engine/discovery/discover-engine.ts";
import type { EngineClient } from "../../engine/engine-client.ts";
import { label } from "../../engine/labels.ts";

/** A box of some process, as its engine sees it. */
export interface ListedBox {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  /** The program that launched it. */
  readonly ownerPid: number;
}

/** The engine that `docker()` uses here, looked at from outside, for tests. */
export class EngineUnderTest {
  /** `docker 20.10.24`. */
  readonly name: string;
  readonly kind: "docker" | "podman";
  readonly #client: EngineClient;

  private constructor(name: string, kind: "docker" | "podman", client: EngineClient) {
    this.name = name;
    this.kind = kind;
    this.#client = client;
  }

  /** Null where there is no engine; every other failure is one. */
  static async find(): Promise<EngineUnderTest | null> {
    try {
      const { engine } = await discoverEngine({}, {});
      return new EngineUnderTest(`${engine.kind} ${engine.version}`, engine.kind, engine.client);
    } catch (error) {
      if (SandboxError.is(error, "ENGINE_NOT_FOUND")) return null;
      throw error;
    }
  }

  /** The boxes and helper containers of one process, in any state. */
  async boxesOf(pid: number): Promise<ListedBox[]> {
    const containers = await this.#client.json<
      readonly { Id: string; Names?: string[]; State?: string; Labels?: Record<string, string> }[]
    >(
      { method: "GET", path: "/containers/json", query: { all: 1, filters: { label: [label.kind] } } },
      { what: "list containers" },
    );
    return containers
      .map(({ Id, Names, State, Labels }) => ({
        id: Id,
        name: Names?.[0] ?? Id,
        state: State ?? "",
        ownerPid: Number(Labels?.[label.pid]),
      }))
      .filter(({ ownerPid }) => ownerPid === pid);
  }

  /** Resident memory of a box's first process in bytes, or null where the engine does not tell. */
  async agentMemoryBytes(id: string): Promise<number | null> {
    try {
      const { Titles, Processes } = await this.#client.json<{ Titles: string[]; Processes: string[][] }>(
        { method: "GET", path: `/containers/${id}/top`, query: { ps_args: "-o pid,ppid,rss,comm" } },
        { what: "list a box's processes" },
      );
      const column = (name: string): number => Titles.indexOf(name);
      const agent = Processes.find((process) => process[column("COMMAND")] === "agent");
      const kibibytes = Number(agent?.[column("RSS")]);
      return Number.isFinite(kibibytes) && kibibytes > 0 ? kibibytes * 1_024 : null;
    } catch {
      return null;
    }
  }

  /** Names of volumes of ours that are not the agent's. */
  async volumes(): Promise<string[]> {
    const { Volumes } = await this.#client.json<{
      Volumes?: { Name: string; Labels?: Record<string, string> | null }[] | null;
    }>({ method: "GET", path: "/volumes" }, { what: "list volumes" });
    return (Volumes ?? []).map(({ Name }) => Name);
  }
}
