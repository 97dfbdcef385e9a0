import type { Logger } from "../../logger.ts";
import { removeContainer } from "./box/remove-container.ts";
import type { EngineClient } from "../engine/engine-client.ts";
import { label, namePrefix, ownerOf } from "../engine/labels.ts";
import { isAlive } from "../shared/owner.ts";

interface ListedContainer {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly State?: string;
  /** In seconds since 1970. */
  readonly Created?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
}

/** In these states a container does not end by itself when its owner has ended. */
const stuck = new Set(["created", "configured", "initialized", "paused", "exited", "stopped", "dead"]);

/**
 * Removes our containers that nothing else will ever remove: never started, paused or ended, and their owner is known
 * to have ended, or is on another machine and past its time. Those of a living owner are never touched.
 */
export async function reapAbandoned(client: EngineClient, logger: Logger): Promise<void> {
  for (const { id, name } of await abandonedContainers(client)) {
    try {
      await removeContainer(client, id);
      logger.info(`Removed an abandoned box: ${name}.`);
    } catch (error) {
      logger.debug(`An abandoned box could not be removed: ${(error as Error).message}`);
    }
  }
}

/** Those that `reapAbandoned` removes; `since` in milliseconds since 1970. */
export async function abandonedContainers(
  client: EngineClient,
): Promise<{ readonly id: string; readonly name: string; readonly since: number | null }[]> {
  const containers = await client.json<readonly ListedContainer[]>(
    { method: "GET", path: "/containers/json", query: { all: 1, filters: { label: [label.kind] } } },
    { what: "list containers" },
  );
  return containers
    .filter(({ Names, State, Labels }) => isAbandoned(State ?? "", Names ?? [], Labels ?? {}))
    .map(({ Id, Names, Created }) => ({
      id: Id,
      name: Names?.[0]?.replace(/^\//, "") ?? Id,
      since: Created === undefined ? null : Created * 1000,
    }));
}

/** The decision on one container; `now` in milliseconds since 1970. */
export function isAbandoned(
  state: string,
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
  now: number = Date.now(),
): boolean {
  const owner = ownerOf(labels);
  // Labels alone are not enough: an image may carry them on to containers of somebody else. One that the engine failed
  // to remove has lost its name and is nobody's any more.
  const isNamed = names.some((name) => name.replace(/^\//, "").startsWith(namePrefix));
  if (!owner || !(isNamed || (state === "dead" && names.length === 0))) return false;
  if (!stuck.has(state)) return false;
  const alive = isAlive(owner);
  if (alive !== null) return !alive;
  const expires = Number(labels[label.expires]);
  return Number.isFinite(expires) && expires > 0 && expires * 1000 < now;
}
