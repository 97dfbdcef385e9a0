import { setTimeout as sleep } from "node:timers/promises";
import { hasStatus } from "../../engine/engine-error.ts";
import type { EngineClient } from "../../engine/engine-client.ts";

/**
 * Kills and removes a container by name or id with its anonymous volumes; resolves when the engine has none of that
 * name, also when there never was one. Throws ENGINE_TIMEOUT when the engine does not manage.
 */
export async function removeContainer(
  client: EngineClient,
  name: string,
  timeoutMs: number = client.timeoutMs,
): Promise<void> {
  const what = "remove a box";
  const started = Date.now();
  for (;;) {
    const left = Math.max(1, timeoutMs - (Date.now() - started));
    try {
      await client.json(
        { method: "DELETE", path: `/containers/${name}`, query: { force: 1, v: 1 } },
        { what, timeoutMs: left },
      );
      return;
    } catch (error) {
      if (hasStatus(error, 404)) return;
      // 409: the engine is removing or starting it at this moment; 500: it was ending at this moment.
      if (!hasStatus(error, 409, 500) || Date.now() - started > timeoutMs) throw error;
    }
    await sleep(20);
  }
}
