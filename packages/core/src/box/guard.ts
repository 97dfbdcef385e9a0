/** How long the agent may take beyond a time limit before the host ends the box itself, in milliseconds. */
export const graceMs = 5_000;

/** The host's own clock over a run: the agent keeps time limits, this one does not trust it. */
export class Guard {
  readonly #end: () => void;
  /** True while the host itself holds the run up: a listener that has not taken the output yet. */
  waitsForHost: () => boolean = () => false;
  /** Called when the time is over and the host itself holds the run up. */
  giveUpHost: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  constructor(end: () => void) {
    this.#end = end;
  }

  /** Ends the box unless disarmed or armed anew within the limit and the grace. */
  arm(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.waitsForHost()) return this.#end();
      this.giveUpHost();
      this.arm(0);
    }, limitMs + graceMs);
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }
}
