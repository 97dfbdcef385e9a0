import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ContextEntry } from "./build-context.ts";

/** Where systems keep the authorities that their owner added: Debian and Alpine, Fedora, SUSE. */
const usualFolders = [
  "/usr/local/share/ca-certificates",
  "/etc/pki/ca-trust/source/anchors",
  "/etc/pki/trust/anchors",
];
/** A file of this size holds a few authorities; a system's whole bundle is larger and says nothing new. */
const largestFile = 64 * 1024;

/**
 * A folder `certificates/` for the context of a default image, with the host's additional authorities as `*.crt`:
 * behind a proxy that signs with its own authority, package managers in the build need it. The image's Dockerfile
 * decides what stays. Always has a README, so that COPY finds something.
 */
export async function certificateEntries(
  env: Readonly<Record<string, string | undefined>> = process.env,
  folders: readonly string[] = usualFolders,
): Promise<ContextEntry[]> {
  const files = new Map<string, Buffer>();
  for (const folder of folders) {
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      await addFile(files, join(folder, name));
    }
  }
  for (const variable of ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]) {
    const path = env[variable];
    if (path) await addFile(files, path);
  }
  const readme = Buffer.from("Additional certificate authorities for the build, as *.crt.\n");
  return [
    { path: "certificates", type: "directory", mode: 0o755 },
    ...[["README", readme] as const, ...files].map(([name, bytes]): ContextEntry => ({
      path: `certificates/${name}`,
      type: "file",
      mode: 0o644,
      content: { bytes },
    })),
  ];
}

/** Adds the file if it is a few certificates and nothing else: a private key has no business in an image. */
async function addFile(files: Map<string, Buffer>, path: string): Promise<void> {
  const [, stem] = /^(.+)\.(?:crt|pem|cer)$/i.exec(basename(path)) ?? [];
  const bytes = stem ? await readFile(path).catch(() => null) : null;
  if (!stem || bytes === null || bytes.length > largestFile) return;
  if (!bytes.includes("-----BEGIN CERTIFICATE-----") || bytes.includes("PRIVATE KEY-----")) return;
  if ([...files.values()].some((other) => other.equals(bytes))) return;
  let name = `${stem}.crt`;
  for (let again = 2; files.has(name); again += 1) name = `${stem}-${again}.crt`;
  files.set(name, bytes);
}
