const colours = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Dresses text for a terminal; plain where the stream is none or `NO_COLOR` is set. */
export function styled(
  style: keyof typeof colours,
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  if (!stream.isTTY || process.env.NO_COLOR) return text;
  return `\u001b[${colours[style]}m${text}\u001b[0m`;
}

/** `850 ms`, `12.3 s`. */
export function duration(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
