/** Placeholder. */
export async function beBash(): Promise<void> {}
