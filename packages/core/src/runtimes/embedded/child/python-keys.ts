import type { BinaryLike } from "node:crypto";
import nodeProcess from "node:process";

interface Keys {
  pbkdf2Sync(password: BinaryLike, salt: BinaryLike, rounds: number, bytes: number, digest: string): Buffer;
  scryptSync(password: BinaryLike, salt: BinaryLike, bytes: number, cost: object): Buffer;
}

/** Loaded when it is first used: most programs derive no keys. */
function crypto(): Keys {
  const builtin = nodeProcess as unknown as { getBuiltinModule(name: string): unknown };
  return builtin.getBuiltinModule("node:crypto") as Keys;
}

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** What Python's `hashlib` takes from OpenSSL; bytes go in and out as hexadecimal text. */
export const derivedKeys = {
  pbkdf2: (digest: string, password: string, salt: string, rounds: number, bytes: number): string =>
    crypto().pbkdf2Sync(bytesOf(password), bytesOf(salt), rounds, bytes, digest).toString("hex"),
  scrypt: (
    password: string,
    salt: string,
    N: number,
    r: number,
    p: number,
    maxmem: number,
    bytes: number,
  ): string =>
    crypto().scryptSync(bytesOf(password), bytesOf(salt), bytes, { N, r, p, maxmem }).toString("hex"),
};
