import { FlotillaError } from '@flotilla/kit';
import type { Host } from '../host/host.js';

/** The highest epoch this machine has obeyed. A server with a lower one is a copy or a ghost, and is not obeyed. */
export class EpochFile {
  #highest: bigint;
  #saved: bigint;

  private constructor(
    private readonly host: Host,
    private readonly path: string,
    highest: bigint,
  ) {
    this.#highest = highest;
    this.#saved = highest;
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

  /**
   * Counts at once, so that an older server is refused even while the disk cannot be written; on disk when it returns.
   * Throws when it could not be saved, and saves it with the next call.
   */
  async raise(epoch: bigint): Promise<void> {
    if (epoch > this.#highest) this.#highest = epoch;
    if (this.#saved >= this.#highest) return;
    const saving = this.#highest;
    await this.host.writeAtomic(this.path, `${saving}\n`, 0o600);
    this.#saved = saving;
  }
}
