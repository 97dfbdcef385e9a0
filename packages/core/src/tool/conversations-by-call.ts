import { randomUUID } from "node:crypto";

/** Ids that are remembered, so that a conversation's next turn finds its session. */
const mostRemembered = 10_000;
/** Shorter ids are counters, which two conversations may have in common. */
const leastIdCharacters = 16;

/**
 * Finds out which conversation a call belongs to when nobody says, from the ids in its history (of messages and earlier
 * calls) or from the loop that makes it. What is known by neither is a new conversation, so that two of them never meet in
 * one session.
 */
export class ConversationsByCall {
  readonly #byOwner = new WeakMap<object, string>();
  readonly #byId = new Map<string, string>();

  /** The name of the conversation whose history has these ids; `owner` is the same object for every call of one loop. */
  nameOf(history: readonly (string | undefined)[], owner?: object): string {
    const ids = history.filter((id): id is string => id !== undefined && id.length >= leastIdCharacters);
    const known = ids.findLast((id) => this.#byId.has(id));
    const name =
      (owner && this.#byOwner.get(owner)) ??
      (known === undefined ? undefined : this.#byId.get(known)) ??
      randomUUID();
    if (owner) this.#byOwner.set(owner, name);
    for (const id of ids) this.#remember(id, name);
    return name;
  }

  #remember(id: string, name: string): void {
    const before = this.#byId.get(id);
    if (before !== undefined && before !== name) return;
    this.#byId.delete(id);
    this.#byId.set(id, name);
    if (this.#byId.size > mostRemembered) this.#byId.delete(this.#byId.keys().next().value!);
  }
}
