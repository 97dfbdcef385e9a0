import { expect, test } from "vitest";
import { engineErrorFrom } from "./engine-error.ts";

test("an engine's error tells its reason, or that it gave none", () => {
  expect(
    engineErrorFrom({ statusCode: 500, json: { message: "no such\n image" } }, "create a box").message,
  ).toBe("The engine could not create a box: no such image.");
  for (const json of [{ message: "" }, null]) {
    expect(engineErrorFrom({ statusCode: 500, json, message: "" }, "create a box").message).toBe(
      "The engine could not create a box: it said no more than HTTP 500.",
    );
  }
});

test("an engine whose disk is full says what to do", () => {
  for (const message of ["mkdir /x: no space left on device", "write /x: disk quota exceeded"]) {
    expect(engineErrorFrom({ statusCode: 500, json: { message } }, "create a box")).toMatchObject({
      remedy: expect.stringMatching(/Free disk space/),
    });
  }
});
