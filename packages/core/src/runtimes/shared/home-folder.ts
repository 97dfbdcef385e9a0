import { homedir, userInfo } from "node:os";
import { isAbsolute, parse } from "node:path";

/**
 * This user's home, never the working folder. `HOME` may be empty, and a user without an account has no home: then it is
 * a folder that only root may write to.
 */
export function homeFolder(): string {
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
