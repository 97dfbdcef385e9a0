import type { RichOutput } from "../execution.ts";
import { FrameError } from "../stream/frame.ts";
import { asMessage } from "../stream/message.ts";

const mediaType = /^[a-z]+\/[a-z0-9][a-z0-9.+-]*$/;
/** Types whose text is base64; programs put it into `data:` addresses as it is. The others are text or JSON. */
const binaryType = /^(?:(?:image|audio|video|font)\/(?!svg\+xml$)|application\/(?:pdf|zip|octet-stream)$)/;
const foreignToBase64 = /[^A-Za-z0-9+/=\s]/;

/**
 * A rich output as a program may have forged it: texts are well-formed Unicode, binary types hold no character that base64 has
 * not, and no object in JSON has a key that would change a prototype where it is merged. FrameError for other forms.
 */
export function mediaBundle(value: unknown): RichOutput["data"] {
  const data = Object.create(null) as Record<string, unknown>;
  for (const [type, content] of Object.entries(asMessage(value))) {
    if (!mediaType.test(type)) throw new FrameError("Not a media type.");
    if (type === "application/json") data[type] = harmless(content);
    else if (typeof content !== "string") throw new FrameError("An output is no text.");
    else if (binaryType.test(type) && foreignToBase64.test(content))
      throw new FrameError("A binary output is no base64.");
    else data[type] = content.toWellFormed();
  }
  return data;
}

/** Messages are nested 512 levels deep at most, so this may call itself. */
function harmless(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(harmless);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "__proto__");
  return Object.fromEntries(entries.map(([key, item]) => [key.toWellFormed(), harmless(item)]));
}
