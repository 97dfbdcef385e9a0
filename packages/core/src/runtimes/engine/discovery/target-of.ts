import { SandboxError } from "../../../errors.ts";
import { parseEndpoint, type Endpoint, type TlsFiles } from "../connect.ts";

/** The endpoint that an address names, or the reason why it names none. */
export function targetOf(host: string, tls: TlsFiles | null): Endpoint | SandboxError {
  try {
    return parseEndpoint(host, tls);
  } catch (error) {
    if (SandboxError.is(error)) return error;
    throw error;
  }
}
