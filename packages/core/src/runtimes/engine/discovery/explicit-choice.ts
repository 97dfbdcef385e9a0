import type { Strategy } from "./candidate.ts";
import { contextCandidate } from "./docker-context.ts";
import { targetOf } from "./target-of.ts";

/** What the options of `docker()`, or one of another runtime's, name: a client, an address or a context. */
export const explicitChoice: Strategy = (surroundings, { client, host, hostFrom, tls, context }) => {
  if (client) {
    return [{ source: "docker({ client })", target: { kind: "client", client }, chosen: true }];
  }
  if (host !== undefined) {
    return [{ source: hostFrom ?? "docker({ host })", target: targetOf(host, tls ?? null), chosen: true }];
  }
  if (context !== undefined) return contextCandidate(surroundings, context, "docker({ context })");
  return [];
};
