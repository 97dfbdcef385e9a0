/** An OCI runtime is taken for gVisor by its name, as engines know runtimes by name only. */
export function isGvisor(ociRuntime: string | undefined): boolean {
  return ociRuntime !== undefined && /runsc|gvisor/i.test(ociRuntime);
}
