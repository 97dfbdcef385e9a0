import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { chatCompletion, chatCompletionChunks } from "./chat-completions.ts";
import { recordRequest } from "./record-request.ts";
import { response, responseEvents } from "./responses.ts";
import type { RecordedRequest, Script, ScriptedTurn } from "./script.ts";

/** A running server. */
export interface LoopbackModel extends AsyncDisposable {
  /** What clients call `baseURL`. */
  readonly baseUrl: string;
  /** Every request so far. */
  readonly requests: readonly RecordedRequest[];
  /** What the model was told of its calls in the last request, as text. */
  readonly told: readonly string[];
}

/** Starts a model that plays the script, by Chat Completions and by Responses, streamed or whole. */
export async function loopbackModel(script: Script): Promise<LoopbackModel> {
  const requests: RecordedRequest[] = [];
  const next = (request: RecordedRequest): ScriptedTurn | undefined =>
    typeof script === "function" ? script(request) : script[requests.length - 1];
  const server = createServer((incoming, answer) => {
    serve(incoming, answer).catch((error: unknown) => refuse(answer, 500, String(error)));
  });

  async function serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname } = new URL(incoming.url ?? "/", "http://loopback");
    const api = apis.get(pathname);
    if (!api || incoming.method !== "POST") return refuse(answer, 404, `There is no ${pathname}.`);
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
    const request = recordRequest(api, body);
    requests.push(request);
    const turn = next(request);
    if (!turn) return refuse(answer, 400, `The script has no turn ${requests.length}.`);
    const model = String(body["model"]);
    const { whole, streamed } = formats[api];
    if (body["stream"] === true) return stream(answer, streamed(turn, model), api === "chat");
    answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(whole(turn, model)));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    get told() {
      return (requests.at(-1)?.toolResults ?? []).map(({ output }) =>
        typeof output === "string" ? output : JSON.stringify(output),
      );
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const apis: ReadonlyMap<string, RecordedRequest["api"]> = new Map([
  ["/v1/chat/completions", "chat"],
  ["/v1/responses", "responses"],
]);

const formats = {
  chat: { whole: chatCompletion, streamed: chatCompletionChunks },
  responses: { whole: response, streamed: responseEvents },
} as const;

function stream(answer: ServerResponse, events: readonly object[], endsWithDone: boolean): void {
  answer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const event of events) {
    if ("type" in event) answer.write(`event: ${String(event.type)}\n`);
    answer.write(`data: ${JSON.stringify(event)}\n\n`);
  }
  answer.end(endsWithDone ? "data: [DONE]\n\n" : "");
}

function refuse(answer: ServerResponse, status: number, message: string): void {
  if (answer.headersSent) return void answer.destroy();
  answer.writeHead(status, { "content-type": "application/json" });
  answer.end(JSON.stringify({ error: { message, type: "invalid_request_error", code: null, param: null } }));
}
