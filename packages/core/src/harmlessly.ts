/** The application's callback, of which no error comes out: what it throws must reach neither a call nor a model. */
export function harmlessly<Parameters extends readonly unknown[]>(
  callback: (...parameters: Parameters) => unknown,
): (...parameters: Parameters) => void;
export function harmlessly<Parameters extends readonly unknown[]>(
  callback: ((...parameters: Parameters) => unknown) | undefined,
): ((...parameters: Parameters) => void) | undefined;
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
