import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { label, ownedLabels, ownerOf } from "../engine/labels.ts";
import { isAlive, thisOwner, type Owner } from "./owner.ts";
import { isAbandoned } from "../docker/reaper.ts";

describe("an owner", () => {
  it("is alive while its process runs, and not after", async () => {
    expect(isAlive(thisOwner())).toBe(true);
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    expect(isAlive({ ...thisOwner(), pid: child.pid! })).toBe(false);
  });

  it.runIf(process.platform === "linux")("is not a later process that got its id", () => {
    expect(isAlive({ ...thisOwner(), started: "12345" })).toBe(false);
  });

  it("cannot be judged from another machine", () => {
    expect(isAlive({ ...thisOwner(), host: "another" })).toBe(null);
  });
});

describe("a container", () => {
  const dead: Owner = { ...thisOwner(), pid: 4_194_303 };
  const elsewhere: Owner = { ...thisOwner(), host: "another machine" };
  const names = ["/llm-sandbox-session-1"];
  const labels = (owner: Owner, lifetimeMs = 60_000) => ownedLabels("box", owner, lifetimeMs);

  it.each(["created", "paused", "exited", "dead"])("of a dead owner is abandoned when %s", (state) => {
    expect(isAbandoned(state, names, labels(dead))).toBe(true);
    expect(isAbandoned(state, names, labels(thisOwner()))).toBe(false);
    expect(isAbandoned(state, names, labels(thisOwner(), -60_000))).toBe(false);
  });

  it("that runs is never abandoned: it ends by itself", () => {
    expect(isAbandoned("running", names, labels(dead))).toBe(false);
  });

  it("that the engine failed to remove has no name any more, and is removed again", () => {
    expect(isAbandoned("dead", [], labels(dead))).toBe(true);
    expect(isAbandoned("dead", [], labels(thisOwner()))).toBe(false);
    expect(isAbandoned("dead", ["/database"], labels(dead))).toBe(false);
    expect(isAbandoned("dead", [], {})).toBe(false);
  });

  it("of another machine is abandoned only past its time", () => {
    expect(isAbandoned("paused", names, labels(elsewhere))).toBe(false);
    expect(isAbandoned("paused", names, labels(elsewhere, -60_000))).toBe(true);
  });

  it("of somebody else is never touched, whatever labels its image gave it", () => {
    expect(isAbandoned("exited", ["/database"], labels(dead))).toBe(false);
    expect(isAbandoned("exited", [], labels(dead))).toBe(false);
    expect(isAbandoned("exited", names, {})).toBe(false);
    const emptied = Object.fromEntries(Object.keys(labels(dead)).map((key) => [key, ""]));
    expect(ownerOf(emptied)).toBe(null);
    expect(isAbandoned("exited", names, { ...labels(dead), [label.pid]: "-1" })).toBe(false);
  });
});
