import { open } from "node:fs/promises";

const pieceBytes = 262_144;

/**
 * A host file's bytes in pieces of up to 256 KiB, the next of which is read while one is used. A piece is overwritten
 * once the next is asked for.
 */
export async function* hostFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(path, "r");
  try {
    const memory = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const;
    const read = async (turn: 0 | 1): Promise<Buffer> => {
      const { bytesRead } = await file.read(memory[turn], 0, pieceBytes);
      return memory[turn].subarray(0, bytesRead);
    };
    let turn: 0 | 1 = 0;
    for (let coming = read(turn); ;) {
      const piece = await coming;
      if (piece.length === 0) return;
      turn = turn === 0 ? 1 : 0;
      coming = read(turn);
      // Its failure is for whoever takes it.
      coming.catch(() => {});
      yield piece;
    }
  } finally {
    await file.close();
  }
}
