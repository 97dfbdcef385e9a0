/** Placeholder. */
export async function beJavaScript(): Promise<void> {}
