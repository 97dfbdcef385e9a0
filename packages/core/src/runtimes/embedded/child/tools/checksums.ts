import { createHash } from "node:crypto";
import { takeOptions } from "./options.ts";
import { linesOf, readBytes, readText, said } from "./tool.ts";
import type { Tool } from "./tool.ts";

/** A command like `sha256sum`: prints or, with `-c`, checks. */
const digests =
  (name: string, algorithm: string): Tool =>
  async (argv, context) => {
    const given = takeOptions(name, argv, "cbtwz", {
      check: "c",
      binary: "b",
      text: "t",
      tag: "tag",
      quiet: "quiet",
      status: "status",
      strict: "strict",
      "ignore-missing": "ignore",
    });
    const digest = async (file: string): Promise<string> =>
      createHash(algorithm)
        .update(await readBytes(file, context))
        .digest("hex");
    let stdout = "";
    let stderr = "";
    let exitCode = 0;
    let [wrong, unread] = [0, 0];
    for (const file of given.words.length > 0 ? given.words : ["-"]) {
      try {
        if (!given.has("c")) {
          const value = await digest(file);
          stdout += given.has("tag")
            ? `${name.replace("sum", "").toUpperCase()} (${file}) = ${value}\n`
            : `${value} ${given.has("b") ? "*" : " "}${file}\n`;
          continue;
        }
        for (const line of linesOf(await readText(file, context))) {
          const [, tagged, wantedTag] = /^\w+ \((.*)\) = ([0-9a-f]+)$/i.exec(line) ?? [];
          const [, wanted = wantedTag, listed = tagged] = /^([0-9a-f]{8,}) [ *](.*)$/i.exec(line) ?? [];
          if (wanted === undefined || listed === undefined) continue;
          let verdict: string;
          try {
            verdict = (await digest(listed)) === wanted.toLowerCase() ? "OK" : "FAILED";
          } catch (error) {
            if (given.has("ignore")) continue;
            stderr += `${name}: ${(error as Error).message}\n`;
            verdict = "FAILED open or read";
          }
          if (verdict === "FAILED") wrong += 1;
          else if (verdict !== "OK") unread += 1;
          if (!given.has("status") && !(verdict === "OK" && given.has("quiet")))
            stdout += `${listed}: ${verdict}\n`;
        }
      } catch (error) {
        stderr += `${name}: ${(error as Error).message}\n`;
        exitCode = 1;
      }
    }
    if (unread > 0)
      stderr += `${name}: WARNING: ${unread} listed file${unread > 1 ? "s" : ""} could not be read\n`;
    if (wrong > 0)
      stderr += `${name}: WARNING: ${wrong} computed checksum${wrong > 1 ? "s" : ""} did NOT match\n`;
    if (given.has("status")) stderr = "";
    return said(stdout, stderr, wrong + unread > 0 ? 1 : exitCode);
  };

/** POSIX's checksum: a CRC of the bytes and of their count. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0;
  const feed = (byte: number): void => {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  };
  bytes.forEach(feed);
  for (let { length } = bytes; length > 0; length = Math.floor(length / 256)) feed(length & 0xff);
  return ~crc >>> 0;
}

const cksum: Tool = async (argv, context) => {
  const names = argv.filter((word) => !word.startsWith("-") || word === "-");
  let text = "";
  for (const name of names.length > 0 ? names : ["-"]) {
    const bytes = await readBytes(name, context);
    text += `${crcOf(bytes)} ${bytes.length}${names.length > 0 ? ` ${name}` : ""}\n`;
  }
  return said(text);
};

export const checksums: Readonly<Record<string, Tool>> = {
  md5sum: digests("md5sum", "md5"),
  sha1sum: digests("sha1sum", "sha1"),
  sha224sum: digests("sha224sum", "sha224"),
  sha256sum: digests("sha256sum", "sha256"),
  sha384sum: digests("sha384sum", "sha384"),
  sha512sum: digests("sha512sum", "sha512"),
  b2sum: digests("b2sum", "blake2b512"),
  cksum,
};
