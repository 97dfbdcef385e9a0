import { resolveLanguage } from "./code-tool.ts";
import type { Argument } from "./arguments.ts";
import { bytes, count } from "./result-text.ts";
import { defineTool, languageArgument } from "./sandbox-tool.ts";
import type { SandboxTool, ToolSettings } from "./sandbox-tool.ts";
import { shorten } from "./shorten.ts";
import { nothingRan } from "./tool-outcome.ts";
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
        ...language(settings),
      ],
      async run({ live, values, notices, signal }) {
        const folder = (values["path"] as string | undefined) ?? ".";
        const { files } = live.session;
        const entries = await files.list(folder, {
          recursive: values["recursive"] === true,
          ...(signal ? { signal } : {}),
        });
        const told = entries.slice(0, mostEntries).map(({ path, type, size, target }) => {
          if (type === "directory") return `${path}/`;
          return type === "symlink" ? `${path} -> ${target ?? "?"}` : `${path} (${bytes(size)})`;
        });
        const more = entries.length - told.length;
        const text = [
          ...notices.map((notice) => `[${notice}]`),
          ...(entries.length === 0 ? [`[${files.resolve(folder)} is empty]`] : told),
          ...(more > 0 ? [`[${count(more, "more entry").replace(/entrys$/, "entries")}]`] : []),
        ].join("\n");
        const listed = entries.filter(({ type }) => type === "file").slice(0, mostEntries);
        const base = files.resolve(folder);
        return {
          ...nothingRan("ok", shorten(text, settings.maxOutputLength)),
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
        ...language(settings),
      ],
      async run({ live, values, notices, signal }) {
        const name = values["path"] as string;
        const content = await live.session.files.readFile(name, {
          maxBytes: mostBytes,
          ...(signal ? { signal } : {}),
        });
        const absolute = live.session.files.resolve(name);
        const image = imageOf(absolute, content);
        const text = image ? `[${image.mediaType}, ${bytes(content.length)}]` : textOf(content, values);
        const shown = [...notices.map((notice) => `[${notice}]`), shorten(text, settings.maxOutputLength)];
        const outcome: ToolOutcome = {
          ...nothingRan("ok", shown.join("\n")),
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
        ...language(settings),
      ],
      async run({ live, values, notices, signal }) {
        const name = values["path"] as string;
        const content = Buffer.from(values["content"] as string, "utf8");
        const { files } = live.session;
        await files.writeFile(name, content, signal ? { signal } : {});
        await live.changes();
        const written = { path: files.resolve(name), size: content.length };
        const text = [...notices, `${written.path} written, ${bytes(written.size)}`].map(
          (line) => `[${line}]`,
        );
        return { ...nothingRan("ok", text.join("\n")), notices, files: [written] };
      },
    },
    settings,
  );
}

function language({ sessions: { languages } }: ToolSettings): readonly Argument[] {
  return languages.length > 1 ? [languageArgument(languages, resolveLanguage)] : [];
}

function textOf(content: Buffer, values: Readonly<Record<string, string | number | boolean>>): string {
  if (content.includes(0)) return `[a binary file, ${bytes(content.length)}]`;
  const text = content.toString("utf8");
  const { start_line: start = 1, end_line: end } = values as { start_line?: number; end_line?: number };
  if (start === 1 && end === undefined) return text === "" ? "[the file is empty]" : text;
  const lines = text.split("\n");
  const chosen = lines.slice(start - 1, end ?? lines.length);
  return chosen.length === 0 ? `[the file has ${count(lines.length, "line")}]` : chosen.join("\n");
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
