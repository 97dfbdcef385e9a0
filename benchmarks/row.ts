/** One line of the table: what something cost us, and what the same work cost the peer in the same run. */
export interface Row {
  /** The runtime measured: `docker`. */
  readonly runtime: string;
  /** What was measured: `open`. */
  readonly name: string;
  /** Our cost; lower is better. */
  readonly value: number;
  readonly unit: "ms" | "MiB" | "kB";
  /** The peer. */
  readonly baseline: string;
  /** The peer's cost, in the same unit. */
  readonly baselineValue: number;
  /** Ours over the peer's. */
  readonly ratio: number;
  /** The bar and whether it was met, where the project set one. Not part of the JSON. */
  readonly bar?: { readonly text: string; readonly met: boolean };
}

/** What a row's measurement gives; `ratio` and `runtime` follow. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: Row["unit"];
  readonly baseline: string;
  readonly baselineValue: number;
  /** Highest ratio that meets the bar. */
  readonly mostRatio?: number;
  /** Highest value that meets the bar, in the row's unit. */
  readonly mostValue?: number;
}

/** Fills in the ratio and judges the bar. */
export function rowOf(runtime: string, measurement: Measurement): Row {
  const { name, value, unit, baseline, baselineValue, mostRatio, mostValue } = measurement;
  const ratio = value / baselineValue;
  const row = { runtime, name, value, unit, baseline, baselineValue, ratio };
  if (mostRatio !== undefined) {
    return { ...row, bar: { text: `≤ ${mostRatio.toFixed(2)} ×`, met: ratio <= mostRatio } };
  }
  if (mostValue !== undefined) {
    return { ...row, bar: { text: `≤ ${mostValue} ${unit}`, met: value <= mostValue } };
  }
  return row;
}
