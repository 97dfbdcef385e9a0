/** Beside the user's processes: the agent's threads, fork servers and spares, which the user's own limit does not count. */
const agentProcesses = 64;
/** gVisor's kernel is one process of many threads, and the limit would end all of it. */
const sentryProcesses = 4096;

/** How many processes and threads a box as a whole may have, so that its user's code can have so many. */
export function processLimit(processes: number, gvisor: boolean): number {
  return processes + agentProcesses + (gvisor ? sentryProcesses : 0);
}
