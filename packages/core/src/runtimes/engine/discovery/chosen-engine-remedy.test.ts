import { expect, test } from "vitest";
import { chosenEngineRemedy, readableReason } from "./chosen-engine-remedy.ts";

test.each([
  [
    "@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@@@\nHost key for x has changed and you have requested strict checking.\nHost key verification failed.",
    /known_hosts/,
  ],
  ["Host key verification failed.", /compare the machine's key/],
  ["me@host: Permission denied (publickey).", /without asking/],
  ["ssh: Could not resolve hostname x: Name or service not known", /nobody knows its name/],
  ["getaddrinfo ENOTFOUND x", /nobody knows its name/],
  ["The engine could not answer: Client sent an HTTP request to an HTTPS server.", /speaks TLS/],
  [
    "40DD:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:record.c:1:",
    /speaks TLS: correct/,
  ],
  [
    "40DD:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:a.c:9:SSL alert",
    /cert, key/,
  ],
  ["unable to verify the first certificate", /cert, key/],
  ["error:0480006C:PEM routines::no start line", /cert, key/],
  ["connect ECONNREFUSED 127.0.0.1:2375", /Start that engine/],
])("%j has its own next step", (reason, remedy) => {
  expect(chosenEngineRemedy(reason)).toMatch(remedy);
});

test("a reason is one line of text", () => {
  expect(readableReason("@@@@\r\n@ WARNING @\r\n@@@@\r\nIt has\r\n changed.\u001B[2J\n")).toBe(
    "It has changed.\uFFFD[2J",
  );
  expect(
    readableReason(
      "40DD4:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:rec.c:918:\n",
    ),
  ).toBe("ssl/tls alert bad certificate");
});
