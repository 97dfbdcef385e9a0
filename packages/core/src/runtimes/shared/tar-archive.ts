import { Readable } from "node:stream";
import { pack, type Pack } from "tar-stream";

/** A tar written by `fill` while it is read; an error of `fill` is an error of the stream. */
export function tarArchive(fill: (archive: Pack) => Promise<void>): Readable {
  const archive = pack();
  const work = async () => {
    await fill(archive);
    archive.finalize();
  };
  work().catch((error: Error) => archive.destroy(error));
  return Readable.from(archive, { objectMode: false });
}
