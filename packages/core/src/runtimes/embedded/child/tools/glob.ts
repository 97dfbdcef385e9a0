/** What a shell's pattern of `*` and `?` fits, whole. */
export function globPattern(glob: string): RegExp {
  const pattern = glob
    .replaceAll(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`);
}
