import { nextTick } from "node:process";
import { Writable } from "node:stream";

type AnyFunction = (...given: unknown[]) => unknown;
type Members = Record<string, unknown>;

/** As programs see a machine without a network; the words say what to do. */
function noNetwork(what: string): Error {
  const message = `${what}: this sandbox has no network, not even with itself. Use data that is already in the files.`;
  return Object.assign(new Error(message), {
    code: "ENETUNREACH",
    errno: -101,
    syscall: what.split(" ", 1)[0],
  });
}

const throwing =
  (what: string): AnyFunction =>
  () => {
    throw noNetwork(what);
  };

/** A request that fails, as one does without a network: by its `error` event. */
function request(address: unknown): Writable {
  const options = address as { href?: string; hostname?: string; host?: string } | undefined;
  const where = typeof address === "string" ? address : (options?.href ?? options?.hostname ?? options?.host);
  const stream = new Writable({ write: (_chunk, _encoding, done: () => void) => done() });
  const chained = (): unknown => stream;
  Object.assign(stream, { setTimeout: chained, setHeader: chained, abort: chained, flushHeaders: chained });
  nextTick(() => stream.destroy(noNetwork(`connect ${where ?? ""}`.trimEnd())));
  return stream;
}

/** The last argument of a function of `dns` is told of the failure. */
function lookup(name: unknown, ...given: unknown[]): void {
  const callback = given.at(-1) as AnyFunction;
  nextTick(() => callback(noNetwork(`getaddrinfo ${String(name)}`)));
}

async function lookupLater(name: unknown): Promise<never> {
  throw noNetwork(`getaddrinfo ${String(name)}`);
}

const asks = /^(?:lookup|lookupService|resolve\w*|reverse)$/;

function named(module: Members, pattern: RegExp, value: AnyFunction): Members {
  const names = Object.keys(module).filter((name) => pattern.test(name));
  return Object.fromEntries(names.map((name) => [name, value]));
}

function refusePrototypes(module: Members, methods: Readonly<Record<string, readonly string[]>>): void {
  for (const [owner, names] of Object.entries(methods)) {
    const prototype = (module[owner] as { prototype?: object } | undefined)?.prototype;
    for (const name of prototype ? names : []) {
      Object.defineProperty(prototype, name, {
        value: throwing(name),
        writable: true,
        configurable: true,
      });
    }
  }
}

const questions = [
  "",
  "4",
  "6",
  "Any",
  "Caa",
  "Cname",
  "Mx",
  "Naptr",
  "Ns",
  "Ptr",
  "Soa",
  "Srv",
  "Tlsa",
  "Txt",
];

/** Of `dns`, what knows the machine's name servers: here there are none. */
function withoutServers(ask: AnyFunction): Members {
  const getServers = (): string[] => [];
  const setServers = (): void => {};
  function Resolver(): void {}
  const members = Object.fromEntries(questions.map((question) => [`resolve${question}`, ask]));
  const cancel = (): void => {};
  Object.assign(Resolver.prototype, members, { reverse: ask, getServers, setServers, cancel });
  return { Resolver, getServers, setServers };
}

/** A module of Node, changed where it would reach for the network: Deno would speak of its own flags. */
export function networkModule(name: string, module: unknown): unknown {
  const members = module as Members;
  switch (name) {
    case "http":
    case "https":
      refusePrototypes(members, { Server: ["listen"] });
      return { ...members, request, get: request };
    case "net":
    case "tls":
      refusePrototypes(members, { Server: ["listen"], Socket: ["connect"] });
      return { ...members, ...named(members, /^(?:connect|createConnection)$/, throwing("connect")) };
    case "dgram":
      refusePrototypes(members, { Socket: ["bind", "connect", "send"] });
      return members;
    case "http2":
      return { ...members, ...named(members, /^(?:connect|create\w*Server)$/, throwing("connect")) };
    case "dns":
      return {
        ...members,
        ...named(members, asks, lookup),
        ...withoutServers(lookup),
        promises: networkModule("dns/promises", members["promises"]),
      };
    case "dns/promises":
      return { ...members, ...named(members, asks, lookupLater), ...withoutServers(lookupLater) };
    default:
      return module;
  }
}
