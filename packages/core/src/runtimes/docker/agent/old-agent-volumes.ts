import type { EngineClient } from "../../engine/engine-client.ts";
import { label, namePrefix } from "../../engine/labels.ts";

interface ListedVolume {
  readonly Name: string;
  readonly CreatedAt?: string;
}

const keptMs = 7 * 24 * 60 * 60_000;

/**
 * Removes volumes of agents made more than a week ago that no container uses, except those to keep: each version of this
 * library leaves one. Another program that was just about to use one fills it again.
 */
export async function removeOldAgentVolumes(
  client: EngineClient,
  keep: ReadonlySet<string>,
  now: number = Date.now(),
): Promise<void> {
  const { Volumes } = await client.json<{ Volumes?: readonly ListedVolume[] | null }>(
    {
      method: "GET",
      path: "/volumes",
      query: { filters: { label: [`${label.kind}=agent`], dangling: ["true"] } },
    },
    { what: "list volumes" },
  );
  for (const { Name, CreatedAt } of Volumes ?? []) {
    const created = Date.parse(CreatedAt ?? "");
    if (!Name.startsWith(`${namePrefix}agent-`) || keep.has(Name) || !(now - created > keptMs)) continue;
    await client
      .json({ method: "DELETE", path: `/volumes/${Name}` }, { what: "remove an old agent" })
      .catch(() => {});
  }
}
