import { randomUUID } from "node:crypto";

/** A session that a client has opened. */
export interface NamedSession {
  readonly id: string;
  readonly label: string | null;
  readonly openedAt: string;
}

/** Names that are remembered; the oldest is forgotten. */
const mostNames = 1_000;

/** The sessions that clients have opened and not closed. Ids cannot be guessed. */
export class SessionNames {
  readonly #named = new Map<string, NamedSession>();

  open(label: string | undefined): NamedSession {
    const session = { id: randomUUID(), label: label ?? null, openedAt: new Date().toISOString() };
    this.#named.set(session.id, session);
    if (this.#named.size > mostNames) this.#named.delete(this.#named.keys().next().value!);
    return session;
  }

  has(id: string): boolean {
    return this.#named.has(id);
  }

  close(id: string): boolean {
    return this.#named.delete(id);
  }

  list(): readonly NamedSession[] {
    return [...this.#named.values()];
  }
}
