import { homedir, userInfo } from "node:os";
import { isAbsolute, join, parse } from "node:path";

/** Where this user's programs keep what can be made again, for this package. Never below the working folder. */
export function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const chosen = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME;
  const usual = process.platform === "darwin" ? "Library/Caches" : ".cache";
  return join(chosen && isAbsolute(chosen) ? chosen : join(homeFolder(), usual), "llm-sandbox");
}

/** `HOME` may be empty, and a user without an account has no home: then it is a folder that only root may write to. */
function homeFolder(): string {
  for (const find of [homedir, () => userInfo().homedir]) {
    try {
      const home = find();
      if (isAbsolute(home)) return home;
    } catch {
      // The user has no account.
    }
  }
  return parse(process.cwd()).root;
}
