import type { PreparedFork } from "../../language.ts";

const mebibyte = 1_048_576;

/** Where the user's code can write: what lies there is nothing that a server may read. */
const writable = /^\/(?:workspace|tmp|dev|proc)(?:\/|$)/;

/** A fork server with the libraries that scientific programs import, half a second and more for each of their runs. */
export const science: PreparedFork = {
  name: "python-science",
  wants: (code) => /\b(?:numpy|pandas|matplotlib|scipy|seaborn)\b/.test(code),
  env: ({ MPLCONFIGDIR }) => ({
    LLM_SANDBOX_IMPORT: "numpy pandas matplotlib",
    // Without a folder of its settings matplotlib would make one: the server leaves it out then.
    ...(MPLCONFIGDIR?.startsWith("/") && !writable.test(MPLCONFIGDIR) ? { MPLCONFIGDIR } : {}),
  }),
  // It takes 72 MiB, which the user's code must not miss.
  leastMemoryBytes: 384 * mebibyte,
};
