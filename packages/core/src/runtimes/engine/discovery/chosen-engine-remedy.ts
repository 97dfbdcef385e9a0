/** What a connection to the engine that was asked for failed with, and what then helps. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [
    /host identification has changed|host key for .* has changed/i,
    "Ask whoever runs that machine whether its key has changed, before you replace the one in your known_hosts: somebody may stand in between.",
  ],
  [
    /host key verification failed/i,
    "Connect once with `ssh` yourself and compare the machine's key: one that ssh does not know is never accepted here.",
  ],
  [
    /permission denied \(/i,
    "Let `ssh` log in without asking: with a key in your ssh agent or configuration.",
  ],
  [/could not resolve|ENOTFOUND|EAI_AGAIN/i, "Correct the engine's address: nobody knows its name."],
  [
    /HTTP request to an HTTPS server/,
    "The engine speaks TLS: pass docker({ tls: { ca, cert, key } }), or set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.",
  ],
  [/wrong version number/i, "Nothing at that port speaks TLS: correct the engine's address."],
  [
    /certificate|\balert\b|\bPEM\b|\bx509\b|SSL routines/i,
    "Pass the authority, certificate and key that belong to this engine: docker({ tls: { ca, cert, key } }), or the files in DOCKER_CERT_PATH.",
  ],
];

/** The next step for an engine that was named and could not be reached for the reason. */
export function chosenEngineRemedy(reason: string): string {
  const [, remedy] = remedies.find(([pattern]) => pattern.test(reason)) ?? [];
  return remedy ?? "Start that engine, or correct its address.";
}

/** A reason on one line, as far as there is something to read in it: without frames, control characters and OpenSSL's places. */
export function readableReason(reason: string): string {
  const openSsl = /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(reason)?.[1];
  if (openSsl) return openSsl;
  return reason.replace(/^@.*$/gm, "").replace(/\s+/g, " ").replace(/\p{C}/gu, "\uFFFD").trim();
}
