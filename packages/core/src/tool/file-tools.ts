import { isUtf8 } from "node:buffer";
import { resolveLanguage } from "./code-tool.ts";
import type { Argument } from "./arguments.ts";
import { bytes, count } from "./result-text.ts";
import { defineTool, whoseArgument } from "./sandbox-tool.ts";
import type { SandboxTool, ToolSettings } from "./sandbox-tool.ts";
import { ownLine, shownName } from "./own-words.ts";
import { shorten } from "./shorten.ts";
import { afterNotices, nothingRan } from "./tool-outcome.ts";
import type { ToolImage, ToolOutcome } from "./tool-outcome.ts";

/** Largest file that is read into a result. */
const mostBytes = 10 * 1_048_576;
/** Entries of a folder that are told. */
const mostEntries = 500;

const path = (description: string, required = true): Argument => ({
  name: "path",
  kind: "text",
  required,
  description,
  most: 4_000,
});

/** The tools that list, read and write files of the sandbox. */
export function fileTools(settings: ToolSettings): {
  readonly listFiles: SandboxTool;
  readonly readFile: SandboxTool;
  readonly writeFile: SandboxTool;
} {
  return { listFiles: listFiles(settings), readFile: readFile(settings), writeFile: writeFile(settings) };
}

function listFiles(settings: ToolSettings): SandboxTool {
  return defineTool(
    {
      name: "list_sandbox_files",
      title: "List files of a sandbox",
      description:
        "Lists a folder of the sandbox, the working folder unless another is named: one path a line, with sizes.",
      readOnly: true,
      arguments: [
        path("A folder: relative to the working folder, or absolute.", false),
        { name: "recursive", kind: "flag", description: "Also what lies in its folders. Default: false." },
        ...whoseArgument(settings.sessions.languages, resolveLanguage),
      ],
      async run({ live, values, notices, maxOutputLength, signal }) {
        const folder = (values["path"] as string | undefined) ?? ".";
        const { files } = live.session;
        const entries = await files.list(folder, {
          recursive: values["recursive"] === true,
          ...(signal ? { signal } : {}),
        });
        const lines = entries.slice(0, mostEntries).map(({ path, type, size, target }) => {
          if (type === "directory") return shownName(`${path}/`);
          if (type === "symlink")
            return `${shownName(path)} -> ${target === undefined ? "?" : shownName(target)}`;
          return `${shownName(path)} (${bytes(size)})`;
        });
        const more = entries.length - lines.length;
        const text = [
          ...notices.map(ownLine),
          entries.length === 0
            ? ownLine(`${shownName(files.resolve(folder))} is empty.`)
            : shorten(lines.join("\n"), maxOutputLength),
          ...(more > 0 ? [ownLine(`${count(more, "more entry").replace(/entrys$/, "entries")}.`)] : []),
        ].join("\n");
        const listed = entries.filter(({ type }) => type === "file").slice(0, mostEntries);
        const base = files.resolve(folder);
        return {
          ...nothingRan("ok", ""),
          text,
          notices,
          files: listed.map(({ path, size }) => ({ path: `${base}/${path}`, size })),
        };
      },
    },
    settings,
  );
}

function readFile(settings: ToolSettings): SandboxTool {
  return defineTool(
    {
      name: "read_sandbox_file",
      title: "Read a file of a sandbox",
      description:
        "Reads a text file of the sandbox, whole or some of its lines. Of a picture or other binary file it tells type and size.",
      readOnly: true,
      arguments: [
        path("The file: relative to the working folder, or absolute."),
        { name: "start_line", kind: "number", least: 1, description: "First line, from 1. Default: 1." },
        {
          name: "end_line",
          kind: "number",
          least: 1,
          description: "Last line, included. Default: the last one.",
        },
        ...whoseArgument(settings.sessions.languages, resolveLanguage),
      ],
      problem: ({ start_line: start, end_line: end }) =>
        start !== undefined && end !== undefined && end < start
          ? `"end_line" is ${end}, before "start_line", which is ${start}.`
          : undefined,
      async run({ live, values, notices, maxOutputLength, signal }) {
        const name = values["path"] as string;
        const content = await live.session.files.readFile(name, {
          maxBytes: mostBytes,
          ...(signal ? { signal } : {}),
        });
        const absolute = live.session.files.resolve(name);
        const image = imageOf(absolute, content);
        const shown = image
          ? ownLine(`A picture: ${image.mediaType}, ${bytes(content.length)}.`)
          : textOf(content, values, maxOutputLength);
        const outcome: ToolOutcome = {
          ...nothingRan("ok", ""),
          text: [...notices.map(ownLine), shown].join("\n"),
          notices,
          images: image ? [image] : [],
          files: [{ path: absolute, size: content.length }],
        };
        return outcome;
      },
    },
    settings,
  );
}

function writeFile(settings: ToolSettings): SandboxTool {
  return defineTool(
    {
      name: "write_sandbox_file",
      title: "Write a file of a sandbox",
      description:
        "Writes a text file in the sandbox, with the folders it needs; a file in the place is replaced.",
      readOnly: false,
      arguments: [
        path("The file: relative to the working folder, or absolute."),
        {
          name: "content",
          kind: "text",
          required: true,
          mayBeEmpty: true,
          description: "The whole content.",
          most: mostBytes,
        },
        ...whoseArgument(settings.sessions.languages, resolveLanguage),
      ],
      async run({ live, values, notices, signal }) {
        const name = values["path"] as string;
        const content = Buffer.from(values["content"] as string, "utf8");
        const { files } = live.session;
        await live.watch.during(() => files.writeFile(name, content, signal ? { signal } : {}));
        const written = { path: files.resolve(name), size: content.length };
        const sentence = `Wrote ${shownName(written.path)}, ${bytes(written.size)}.`;
        return { ...afterNotices(nothingRan("ok", sentence), notices), files: [written] };
      },
    },
    settings,
  );
}

/** A text file's lines for the model, or in a sentence why there are none. */
function textOf(
  content: Buffer,
  values: Readonly<Record<string, string | number | boolean>>,
  maxOutputLength: number,
): string {
  if (content.includes(0)) return ownLine(`A binary file of ${bytes(content.length)}. Read it with code.`);
  if (!isUtf8(content)) {
    return ownLine(
      `A file of ${bytes(content.length)} that is no UTF-8 text. Read it with code, by its own encoding.`,
    );
  }
  const text = content.toString("utf8");
  if (text === "") return ownLine("The file is empty.");
  const { start_line: start = 1, end_line: end } = values as { start_line?: number; end_line?: number };
  if (start === 1 && end === undefined) return shorten(text, maxOutputLength);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const chosen = lines.slice(start - 1, end ?? lines.length);
  if (chosen.length === 0) return ownLine(`No such lines: the file has ${count(lines.length, "line")}.`);
  return shorten(chosen.join("\n"), maxOutputLength);
}

const signatures: readonly (readonly [mediaType: string, start: Buffer])[] = [
  ["image/png", Buffer.from([0x89, 0x50, 0x4e, 0x47])],
  ["image/jpeg", Buffer.from([0xff, 0xd8, 0xff])],
  ["image/gif", Buffer.from("GIF8", "latin1")],
];

function imageOf(path: string, data: Buffer): ToolImage | undefined {
  const found = signatures.find(([, start]) => data.subarray(0, start.length).equals(start));
  const webp =
    data.subarray(0, 4).toString("latin1") === "RIFF" && data.subarray(8, 12).toString("latin1") === "WEBP";
  const mediaType = found?.[0] ?? (webp ? "image/webp" : undefined);
  return mediaType === undefined ? undefined : { path, mediaType, data };
}
