/** Where deepagents saves by itself what is too long for the model, and the folders of the box that serve as them: nothing can be written at "/". */
const offloadFolders: ReadonlyMap<string, string> = new Map(
  ["large_tool_results", "conversation_history"].map((name) => [`/${name}`, `/tmp/${name}`]),
);

/** For the agent's prompt: commands have to know the places, file tools go by the names. */
export const offloadText: string = `For commands ${[...offloadFolders].map(([name, place]) => `${name} lies at ${place}`).join(" and ")}.`;

/** Whether a path is one of these folders or below one. */
export function isOffloaded(path: string): boolean {
  return inBox(path) !== path;
}

/** Where a path lies in the box. */
export function inBox(path: string): string {
  return moved(path, [...offloadFolders]);
}

/** The path that `inBox` puts at this place of the box. */
export function asNamed(place: string): string {
  return moved(
    place,
    [...offloadFolders].map(([name, folder]) => [folder, name]),
  );
}

function moved(path: string, moves: readonly (readonly [from: string, to: string])[]): string {
  const move = moves.find(([from]) => path === from || path.startsWith(`${from}/`));
  return move ? move[1] + path.slice(move[0].length) : path;
}
