import { isAbsolute, join } from "node:path";
import { homeFolder } from "./home-folder.ts";

/** Where this user's programs keep what can be made again, for this package. Never below the working folder. */
export function userCacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  const chosen = process.platform === "win32" ? LOCALAPPDATA : XDG_CACHE_HOME;
  const usual = process.platform === "darwin" ? "Library/Caches" : ".cache";
  return join(chosen && isAbsolute(chosen) ? chosen : join(homeFolder(), usual), "llm-sandbox");
}
