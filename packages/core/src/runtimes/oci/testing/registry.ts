import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** A registry on loopback that has one image: one layer with one file (OCI distribution and image specifications). */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly image: string;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
  /** From now on it sends other bytes in the place of the layer's. */
  falsify(): void;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const mediaType = (kind: string): string => `application/vnd.oci.image.${kind}`;

export async function startRegistry(): Promise<Registry> {
  const archive = pack();
  archive.entry({ name: "etc/fetched", mode: 0o644 }, "from a registry");
  archive.finalize();
  const tar = await buffer(archive as unknown as AsyncIterable<Uint8Array> as never);
  const layer = gzipSync(tar);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
    }),
  );
  const described = (bytes: Buffer, kind: string) => ({
    mediaType: mediaType(kind),
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaType("manifest.v1+json"),
      config: described(config, "config.v1+json"),
      layers: [described(layer, "layer.v1.tar+gzip")],
    }),
  );
  const blobs = new Map([config, layer, manifest].map((bytes) => [digestOf(bytes), bytes]));
  const asked: string[] = [];
  const server = createServer(({ url = "", method }, response) => {
    asked.push(url);
    const [, kind, reference] = /^\/v2\/test\/box\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    const bytes = reference === "latest" ? manifest : blobs.get(reference ?? "");
    if (url === "/v2/") return response.end("{}");
    if (!bytes) return response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": kind === "manifests" ? mediaType("manifest.v1+json") : "application/octet-stream",
      "content-length": bytes.length,
    });
    return response.end(method === "HEAD" ? undefined : bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address,
    image: `${address}/test/box:latest`,
    asked,
    falsify: () => void blobs.set(digestOf(layer), Buffer.from(layer).fill(0, 20, 30)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
