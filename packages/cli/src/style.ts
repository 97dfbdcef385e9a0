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

/** `3 kB`, `1.2 GB`. */
export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** step;
  return `${value < 10 && step > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[step]}`;
}

/** `5 minutes`, `1 day`. */
export function age(ms: number): string {
  const [count, unit] =
    ms < 3_600_000
      ? [ms / 60_000, "minute"]
      : ms < 86_400_000
        ? [ms / 3_600_000, "hour"]
        : [ms / 86_400_000, "day"];
  const whole = Math.max(0, Math.floor(count));
  return `${whole} ${unit}${whole === 1 ? "" : "s"}`;
}
