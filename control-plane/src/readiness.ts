/** Why the server is not ready, told to probes over HTTPS and gRPC alike. Not ready until told otherwise. */
export class Readiness {
  #problems: readonly string[] = ['the server starts'];

  constructor(private readonly tell: (ready: boolean) => void) {}

  get problems(): readonly string[] {
    return this.#problems;
  }

  set(problems: readonly string[]): void {
    const changed = (problems.length === 0) !== (this.#problems.length === 0);
    this.#problems = problems;
    if (changed) this.tell(problems.length === 0);
  }
}
