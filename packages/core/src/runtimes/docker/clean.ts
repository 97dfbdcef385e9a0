import type { EngineClient } from "../engine/engine-client.ts";
import { label, namePrefix } from "../engine/labels.ts";
import type { Logger } from "../../logger.ts";
import { reapAbandoned } from "./reaper.ts";

interface ListedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
}

/**
 * Removes abandoned boxes, and the agents and images that can be made again, except those in use. Templates hold a
 * user's files and stay. Resolves with a line for each thing.
 */
export async function cleanEngine(client: EngineClient, logger: Logger): Promise<string[]> {
  const boxes = await reapAbandoned(client, logger);
  return [
    ...(boxes === 0 ? [] : [`${boxes} abandoned boxes`]),
    ...(await removeImages(client)),
    ...(await removeVolumes(client)),
  ];
}

async function removeImages(client: EngineClient): Promise<string[]> {
  const images = await client.json<readonly ListedImage[]>(
    { method: "GET", path: "/images/json", query: { filters: { label: [`${label.kind}=image`] } } },
    { what: "list images" },
  );
  const removed: string[] = [];
  for (const { Id, RepoTags } of images) {
    // A template is made of an image and carries its labels on.
    const tags = (RepoTags ?? []).filter((tag) => !tag.includes("/template:"));
    for (const tag of tags.length > 0 || RepoTags?.length ? tags : [Id]) {
      if (await remove(client, `/images/${tag}`, `remove the image ${tag}`)) removed.push(`image ${tag}`);
    }
  }
  return removed;
}

async function removeVolumes(client: EngineClient): Promise<string[]> {
  const { Volumes } = await client.json<{ Volumes?: readonly { readonly Name: string }[] | null }>(
    {
      method: "GET",
      path: "/volumes",
      query: { filters: { label: [`${label.kind}=agent`], dangling: ["true"] } },
    },
    { what: "list volumes" },
  );
  const removed: string[] = [];
  for (const { Name } of Volumes ?? []) {
    if (!Name.startsWith(`${namePrefix}agent-`)) continue;
    if (await remove(client, `/volumes/${Name}`, "remove an agent")) removed.push(`agent ${Name}`);
  }
  return removed;
}

/** False for what is in use or gone. */
async function remove(client: EngineClient, path: string, what: string): Promise<boolean> {
  return client.json({ method: "DELETE", path }, { what }).then(
    () => true,
    () => false,
  );
}
