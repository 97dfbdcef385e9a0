import type { EngineClient } from "../../engine/engine-client.ts";
import { label } from "../../engine/labels.ts";

/** The uids of the boxes that an engine has, of whichever program. */
export async function takenUids(client: EngineClient): Promise<Set<number>> {
  const containers = await client.json<
    readonly { readonly Labels?: Readonly<Record<string, string>> | null }[]
  >(
    { method: "GET", path: "/containers/json", query: { all: 1, filters: { label: [label.uid] } } },
    { what: "list boxes" },
  );
  return new Set(containers.map(({ Labels }) => Number(Labels?.[label.uid])));
}
