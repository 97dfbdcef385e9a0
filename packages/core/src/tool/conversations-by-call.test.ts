import { expect, test } from "vitest";
import { ConversationsByCall } from "./conversations-by-call.ts";

const id = (number: number): string => `message-${number}`.padEnd(20, "-");

test("a history that shares an id belongs to the same conversation, any other to a new one", () => {
  const conversations = new ConversationsByCall();
  const first = conversations.nameOf([id(1), id(2)]);
  const second = conversations.nameOf([id(3)]);
  expect(second).not.toBe(first);
  expect(conversations.nameOf([id(1), id(2), id(4)])).toBe(first);
  expect(conversations.nameOf([id(4), id(5)])).toBe(first);
  expect(conversations.nameOf([id(3), id(6)])).toBe(second);
});

test("short ids are not trusted, the loop itself is", () => {
  const conversations = new ConversationsByCall();
  const loop = {};
  const first = conversations.nameOf(["call_1"], loop);
  expect(conversations.nameOf(["call_1"])).not.toBe(first);
  expect(conversations.nameOf([undefined, "call_2"], loop)).toBe(first);
});

test("what was said of one conversation cannot be taken over by another", () => {
  const conversations = new ConversationsByCall();
  const first = conversations.nameOf([id(1)]);
  const second = conversations.nameOf([id(2)]);
  conversations.nameOf([id(1), id(2)]);
  expect(conversations.nameOf([id(1)])).toBe(first);
  expect(conversations.nameOf([id(2)])).toBe(second);
});

test("only the newest ids are kept", () => {
  const conversations = new ConversationsByCall();
  const first = conversations.nameOf([id(0)]);
  for (let number = 1; number <= 10_000; number += 1) conversations.nameOf([id(number)]);
  expect(conversations.nameOf([id(0)])).not.toBe(first);
});
