/** One call that the model makes. Arguments that are text are sent as they are, however wrong. */
export interface ScriptedCall {
  readonly name: string;
  readonly arguments: object | string;
  /** Made up unless given. */
  readonly id?: string;
}

/** What the model answers to one request. */
export interface ScriptedTurn {
  readonly text?: string;
  readonly calls?: readonly ScriptedCall[];
  /** Responses only: output items as they are, such as a `shell_call`. */
  readonly items?: readonly Readonly<Record<string, unknown>>[];
}

/** The turns one after the other, or a function of what the model was told. */
export type Script = readonly ScriptedTurn[] | ((request: RecordedRequest) => ScriptedTurn);

/** What a model was told of one call. */
export interface ToolResult {
  readonly callId: string;
  /** The text, or whatever else was sent in its place. */
  readonly output: unknown;
}

/** One request as it came over the wire. */
export interface RecordedRequest {
  readonly api: "chat" | "responses";
  readonly body: Readonly<Record<string, unknown>>;
  /** Its messages (Chat Completions) or input items (Responses). */
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  /** The tools that the model was offered, by name. */
  readonly tools: readonly string[];
  /** What the model is told of its calls, all that the request holds, in order. */
  readonly toolResults: readonly ToolResult[];
  /** The first text of the user: it tells conversations apart. */
  readonly userText: string;
}
