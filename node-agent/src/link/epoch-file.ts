import { FlotillaError } from '@flotilla/kit';
import type { Host } from '../host/host.js';

/** The highest epoch this machine has obeyed. A server with a lower one is a copy or a ghost, and is not obeyed. */
export class EpochFile {
  #highest: bigint;

  private constructor(
    private readonly host: Host,
    private readonly path: string,
    highest: bigint,
  ) {
    this.#highest = highest;
  }

  static async open(host: Host, path: string): Promise<EpochFile> {
    const text = (await host.read(path))?.trim() ?? '0';
    if (!/^\d{1,18}$/.test(text)) {
      throw new FlotillaError('EPOCH_DAMAGED', `${path} is damaged`, {
        kind: 'data-loss',
        remedy: `If the control plane was not replaced by an older copy, remove ${path} and restart flotilla-agent.`,
      });
    }
    return new EpochFile(host, path, BigInt(text));
  }

  get highest(): bigint {
    return this.#highest;
  }

  /** On disk before it counts. */
  async raise(epoch: bigint): Promise<void> {
    if (epoch <= this.#highest) return;
    await this.host.writeAtomic(this.path, `${epoch}\n`, 0o600);
    this.#highest = epoch;
  }
}
