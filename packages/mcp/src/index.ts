export { sandboxServer } from "./sandbox-server.ts";
export type { SandboxServer, SandboxServerOptions } from "./sandbox-server.ts";
export { serveHttp } from "./serve-http.ts";
export type { HttpOptions, HttpServer } from "./serve-http.ts";
