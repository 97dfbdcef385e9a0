import { Duplex } from "node:stream";
import type { Box, Runtime } from "../../runtime.ts";

/** What goes wrong with the stream of a box, counted in bytes that came from its agent. */
export interface Fault {
  /** `cut`: the stream ends. `garble`: a byte changes. `hush`: nothing passes any more, in either direction. `noise`: bytes come in between. */
  readonly kind: "cut" | "garble" | "hush" | "noise";
  readonly afterBytes: number;
}

/** A runtime whose boxes are real and whose streams are not to be trusted. */
export interface FaultyRuntime extends Runtime {
  /** Every box launched so far, to be destroyed behind the session's back. */
  readonly boxes: readonly Box[];
  /** Lets the fault happen at the next byte, whatever its count. */
  strike(): void;
}

/** Wraps a runtime; without a fault its boxes are only recorded. */
export function faultyRuntime(inner: Runtime, fault?: Fault): FaultyRuntime {
  const boxes: Box[] = [];
  let struck = false;
  return {
    name: inner.name,
    features: inner.features,
    boxes,
    strike: () => {
      struck = true;
    },
    async launch(spec, options) {
      const box = await inner.launch(spec, options);
      boxes.push(box);
      if (!fault) return box;
      const stream = faultyStream(box.stream, fault, () => struck);
      return {
        id: box.id,
        stream,
        identity: box.identity,
        gone: box.gone,
        diagnostics: () => box.diagnostics(),
        destroy: () => box.destroy(),
      };
    },
  };
}

function faultyStream(inner: Duplex, fault: Fault, struck: () => boolean): Duplex {
  let passed = 0;
  let happened = false;
  const outer = new Duplex({
    read: () => inner.resume(),
    write: (chunk: Buffer, _encoding, callback) => {
      if (happened && fault.kind === "hush") callback();
      else inner.write(chunk, (error) => callback(error ?? null));
    },
    destroy: (error, callback) => {
      inner.destroy();
      callback(error);
    },
  });
  const pass = (bytes: Buffer): void => {
    if (bytes.length > 0 && !outer.push(bytes)) inner.pause();
  };
  inner.on("data", (chunk: Buffer) => {
    const start = passed;
    passed += chunk.length;
    if (happened && fault.kind !== "garble" && fault.kind !== "noise") return;
    const due = struck() || (fault.afterBytes >= start && fault.afterBytes < passed);
    if (happened || !due) return pass(chunk);
    happened = true;
    const at = Math.max(0, Math.min(chunk.length - 1, fault.afterBytes - start));
    pass(Buffer.from(chunk.subarray(0, at)));
    const rest = Buffer.from(chunk.subarray(at));
    switch (fault.kind) {
      case "cut":
        outer.push(null);
        inner.resume();
        return;
      case "garble":
        rest[0] = rest[0]! ^ 0xff;
        return pass(rest);
      case "noise":
        return pass(Buffer.concat([Buffer.from("HTTP/1.1 500 oops\r\n\r\n"), rest]));
      case "hush":
    }
  });
  inner.on("end", () => outer.push(null));
  inner.on("error", (error) => outer.destroy(error));
  inner.on("close", () => outer.destroy());
  return outer;
}
