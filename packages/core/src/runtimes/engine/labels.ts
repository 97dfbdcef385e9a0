import type { Owner } from "../shared/owner.ts";

/** Everything of ours on an engine begins its name with this. */
export const namePrefix = "llm-sandbox-";

/** The labels on what this library makes on an engine; `clean` and the reaper find it by them. */
export const label = {
  /** `box`, `builder` (a container that only carries files), `agent` (a volume), `image`, `template`. */
  kind: "llm-sandbox.kind",
  session: "llm-sandbox.session",
  host: "llm-sandbox.owner.host",
  pid: "llm-sandbox.owner.pid",
  started: "llm-sandbox.owner.started",
  /** Seconds since 1970 after which nobody can need it any more. */
  expires: "llm-sandbox.expires",
  uid: "llm-sandbox.uid",
} as const;

/** Labels of a container that lives no longer than `lifetimeMs` and belongs to `owner`. */
export function ownedLabels(
  kind: "box" | "builder",
  owner: Owner,
  lifetimeMs: number,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    [label.kind]: kind,
    [label.host]: owner.host,
    [label.pid]: String(owner.pid),
    [label.started]: owner.started,
    [label.expires]: String(Math.ceil((Date.now() + lifetimeMs) / 1000)),
    ...more,
  };
}

/** The owner that labels name, or null for a container that is not ours. */
export function ownerOf(labels: Readonly<Record<string, string>>): Owner | null {
  const host = labels[label.host];
  const pid = Number(labels[label.pid]);
  if (!host || !Number.isSafeInteger(pid) || pid <= 0) return null;
  return { host, pid, started: labels[label.started] ?? "" };
}
