/** The application's callback, of which no error comes out: what it throws must reach neither the model nor the call. */
export function harmlessly<Parameters extends readonly unknown[]>(
  callback: ((...parameters: Parameters) => unknown) | undefined,
): ((...parameters: Parameters) => void) | undefined {
  if (callback === undefined) return undefined;
  return (...parameters) => {
    try {
      const pending = callback(...parameters);
      if (pending instanceof Promise) pending.catch(() => {});
    } catch {
      // Its owner's loss.
    }
  };
}
