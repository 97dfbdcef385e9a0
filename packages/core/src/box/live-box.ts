import { SandboxError } from "../errors.ts";
import { closedError } from "../session-errors.ts";
import type { Language } from "../language.ts";
import type { Logger } from "../logger.ts";
import type { Box, BoxSpec, LaunchOptions, Runtime } from "../runtime.ts";
import { Connection } from "../stream/connection.ts";
import { Guard } from "./guard.ts";
import { ReadyProcesses } from "./ready-processes.ts";

/** Where a template's workspace lies in its image. */
export const templatePath = "/.llm-sandbox/workspace.tar";

/** Quiet for so long, the agent ends the box: the host is gone or stopped. */
const heartbeatMs = 60_000;
/** How long an agent may take for its HELLO; restoring a template is part of it. */
const helloTimeoutMs = 60_000;
/** How long an agent may take to say goodbye before the box is destroyed. */
const goodbyeTimeoutMs = 2_000;
/** How long an ended box may take to disappear before it is removed by force. */
const removalTimeoutMs = 10_000;

export interface LiveBoxOptions {
  readonly runtime: Runtime;
  readonly spec: BoxSpec;
  readonly language: Language;
  readonly env: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly launch: LaunchOptions;
}

/** A box whose agent has answered. */
export class LiveBox {
  readonly box: Box;
  readonly connection: Connection;
  /** The interpreters that are kept ready in it. */
  readonly ready: ReadyProcesses;
  readonly #logger: Logger;
  #removal: Promise<void> | undefined;

  private constructor(box: Box, connection: Connection, options: LiveBoxOptions) {
    const { language, logger, spec } = options;
    this.box = box;
    this.connection = connection;
    this.ready = new ReadyProcesses(connection, {
      language,
      logger,
      imageEnv: box.identity.env,
      memoryBytes: spec.limits.memoryBytes,
    });
    this.#logger = logger;
  }

  /** Launches a box and greets its agent. Rejects with nothing left behind. */
  static async open(options: LiveBoxOptions): Promise<LiveBox> {
    const { runtime, spec, logger, launch } = options;
    const box = await runtime.launch(spec, launch);
    let live: LiveBox | undefined;
    try {
      const connection = await Connection.open(box.stream, {
        hello: hello(options, box),
        signal: launch.signal,
        timeoutMs: helloTimeoutMs,
        onLost: (error) => {
          logger.warn(error.message, { box: box.id });
          // Not there yet when the agent breaks the protocol in one breath with its HELLO.
          void live?.remove();
        },
      });
      if (connection.failure) throw connection.failure;
      const opened = new LiveBox(box, connection, options);
      live = opened;
      void box.gone.then((exit) => {
        connection.abandon(
          new SandboxError(
            "BOX_LOST",
            `The box is gone (${exit.reason}${exit.message ? `: ${exit.message}` : ""}).`,
            {
              remedy: "Open a new session; what was in this one is gone.",
              details: { ...exit },
            },
          ),
        );
        void opened.remove();
      });
      return opened;
    } catch (error) {
      await destroyBox(box, logger);
      throw launch.signal?.aborted ? error : explained(error, box);
    }
  }

  /** A fresh clock over one run. */
  guard(): Guard {
    return new Guard(() => {
      const error = new SandboxError("BOX_LOST", "The box did not keep a time limit and was ended.", {
        remedy: "Open a new session; what was in this one is gone.",
      });
      this.connection.abandon(error);
      void this.remove();
    });
  }

  /** Ends the box; resolves when the agent has said that it ends, or at once when it was lost. Removal goes on behind. */
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, goodbyeTimeoutMs);
    await Promise.race([this.connection.goodbye(), late.promise]);
    clearTimeout(timer);
    this.connection.abandon(closedError());
    void this.remove(removalTimeoutMs);
  }

  /** Waits for the box to disappear by itself, then removes it by force. Never rejects. */
  remove(patienceMs = 0): Promise<void> {
    this.#removal ??= (async () => {
      if (patienceMs > 0) {
        const late = Promise.withResolvers<void>();
        const timer = setTimeout(late.resolve, patienceMs).unref();
        await Promise.race([this.box.gone, late.promise]);
        clearTimeout(timer);
      }
      await destroyBox(this.box, this.#logger);
    })();
    return this.#removal;
  }
}

async function destroyBox(box: Box, logger: Logger): Promise<void> {
  await box.destroy().catch((error: unknown) => {
    logger.warn("A box could not be removed.", { box: box.id, error: String(error) });
  });
}

function hello(options: LiveBoxOptions, box: Box): object {
  const { spec, language } = options;
  const { identity } = box;
  return {
    user: { uid: identity.uid, gid: identity.gid },
    ...(identity.tags ? { tags: identity.tags } : {}),
    workspace: spec.workspace,
    scratch: ["/tmp"],
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ...identity.env,
      HOME: spec.workspace,
      TMPDIR: "/tmp",
      LANG: "C.UTF-8",
      ...language.env,
      ...options.env,
    },
    limits: {
      processes: spec.limits.processes,
      openFiles: spec.limits.openFiles,
      fileBytes: spec.limits.diskBytes,
    },
    heartbeatMs,
    lifetimeMs: spec.limits.lifetimeMs,
    restore: templatePath,
  };
}

function explained(error: unknown, box: Box): unknown {
  if (!SandboxError.is(error)) return error;
  const said = box.diagnostics().trim();
  const code = error.code === "BOX_LOST" ? "BOX_START_FAILED" : error.code;
  if (said === "" && code === error.code) return error;
  return new SandboxError(code, code === error.code ? error.message : "The box ended while it started.", {
    remedy: said === "" ? "Try again; if it stays so, run `llm-sandbox doctor`." : `The agent said: ${said}`,
    cause: error,
    details: error.details,
  });
}
