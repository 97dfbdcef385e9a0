import type { EngineClient } from "../engine/engine-client.ts";
import { hasStatus } from "../engine/engine-error.ts";
import { label, namePrefix } from "../engine/labels.ts";
import type { Removable } from "../../runtime.ts";
import { removeContainer } from "./box/remove-container.ts";
import { abandonedContainers } from "./reaper.ts";

type Found = Omit<Removable, "where">;

interface ListedImage {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  /** In seconds since 1970. */
  readonly Created?: number;
  readonly Size?: number;
}

/**
 * Abandoned boxes, and the agents and images that can be made again, except those that a container of anybody's uses.
 * Templates hold a user's files and are none.
 */
export async function removableOf(client: EngineClient): Promise<Found[]> {
  const boxes = (await abandonedContainers(client)).map(({ id, name, since }) => ({
    what: `abandoned box ${name}`,
    bytes: null,
    since,
    remove: () => removeContainer(client, id).then(() => true),
  }));
  return [...boxes, ...(await images(client)), ...(await agents(client))];
}

async function images(client: EngineClient): Promise<Found[]> {
  const listed = await client.json<readonly ListedImage[]>(
    { method: "GET", path: "/images/json", query: { filters: { label: [`${label.kind}=image`] } } },
    { what: "list images" },
  );
  const used = await usedImages(client);
  return listed
    .filter(({ Id }) => !used.has(Id))
    .flatMap(({ Id, RepoTags, Created, Size }) => {
      // A template is made of an image and carries its labels on.
      const tags = (RepoTags ?? []).filter((tag) => !tag.includes("/template:"));
      return (tags.length > 0 || RepoTags?.length ? tags : [Id]).map((tag) => ({
        what: `image ${tag}`,
        bytes: Size ?? null,
        since: Created === undefined ? null : Created * 1000,
        remove: async () => !(await usedImages(client)).has(Id) && remove(client, `/images/${tag}`),
      }));
    });
}

/** Ids of the images that containers are made of, running or not. */
async function usedImages(client: EngineClient): Promise<ReadonlySet<string>> {
  const containers = await client.json<readonly { readonly ImageID?: string }[]>(
    { method: "GET", path: "/containers/json", query: { all: 1 } },
    { what: "list containers" },
  );
  return new Set(containers.map(({ ImageID }) => ImageID ?? ""));
}

async function agents(client: EngineClient): Promise<Found[]> {
  const { Volumes } = await client.json<{
    Volumes?: readonly { readonly Name: string; readonly CreatedAt?: string }[] | null;
  }>(
    {
      method: "GET",
      path: "/volumes",
      query: { filters: { label: [`${label.kind}=agent`], dangling: ["true"] } },
    },
    { what: "list volumes" },
  );
  return (Volumes ?? [])
    .filter(({ Name }) => Name.startsWith(`${namePrefix}agent-`))
    .map(({ Name, CreatedAt }) => ({
      what: `agent ${Name}`,
      bytes: null,
      since: CreatedAt === undefined ? null : Date.parse(CreatedAt),
      // The engine removes none that a container uses.
      remove: () => remove(client, `/volumes/${Name}`),
    }));
}

/** False for what is in use or gone. */
async function remove(client: EngineClient, path: string): Promise<boolean> {
  try {
    await client.json({ method: "DELETE", path }, { what: "remove what can be made again" });
    return true;
  } catch (error) {
    if (hasStatus(error, 404, 409)) return false;
    throw error;
  }
}
