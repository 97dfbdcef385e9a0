// The global `display`: shows a value on the way.
"use strict";
const { clip, send } = require("./messages.cjs");
const { describeValue } = require("./values.cjs");

const show = (data) => send({ type: "display", data });

/** `display(value)`, and by media type `display.html(text)`, `.svg`, `.markdown`, `.json(value)`, `.png(bytes)`, `.jpeg(bytes)`. */
function display(...values) {
  for (const value of values) show(describeValue(value));
}
display.html = (text) => show({ "text/html": clip(String(text)) });
display.svg = (text) => show({ "image/svg+xml": String(text) });
display.markdown = (text) => show({ "text/markdown": clip(String(text)) });
display.json = (value) => show({ "application/json": value });
display.png = (bytes) => show({ "image/png": toBase64(bytes) });
display.jpeg = (bytes) => show({ "image/jpeg": toBase64(bytes) });

const toBase64 = (bytes) => (typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("base64"));

exports.display = display;
