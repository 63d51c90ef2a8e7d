import { createHash } from 'node:crypto';
import type { Engine } from '@flotilla/core';
import type { Clock, Logger } from '@flotilla/kit';
import { TargetSecrets, type TargetPush } from '@flotilla/proto';

/** Sent but not acknowledged for this long = sent again. */
const resendMs = 15_000;

interface Position {
  readonly epoch: bigint;
  readonly generation: bigint;
}

/** Brings the newest target of one machine to its agent: sent until (epoch, generation) is acknowledged. */
export class Dispatcher {
  #acknowledged: Position = { epoch: 0n, generation: 0n };
  #sent: (Position & { readonly secrets: string; readonly atMs: number }) | undefined;
  #running = false;
  #again = false;
  #stopped = false;

  constructor(
    private readonly machineId: string,
    private readonly parts: {
      readonly engine: Pick<Engine, 'pushFor'>;
      readonly clock: Clock;
      readonly log: Logger;
      readonly send: (push: TargetPush) => void;
    },
  ) {}

  /** What the agent says it holds on its disk. */
  acknowledged(position: Position): void {
    this.#acknowledged = position;
  }

  /** Looks whether something must be sent. Calls are coalesced; never throws. */
  wake(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    void this.#run();
  }

  /** True when something sent is neither acknowledged nor fresh: time to wake again. */
  get overdue(): boolean {
    const sent = this.#sent;
    return (
      sent !== undefined &&
      !same(sent, this.#acknowledged) &&
      this.parts.clock.now().monotonicMs - sent.atMs >= resendMs
    );
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false;
        const push = await this.parts.engine.pushFor(this.machineId);
        if (push?.target !== undefined && !this.#stopped) this.#consider(push, push.target);
        // Set by wake() while the engine was asked.
      } while (this.#again && !this.#stopped);
    } catch (error) {
      // The next wake, or the sweep, looks again.
      this.parts.log.warn({ machineId: this.machineId, err: String(error) }, 'the target could not be read');
    } finally {
      this.#running = false;
    }
  }

  #consider(push: TargetPush, position: Position): void {
    const secrets = fingerprint(push.secrets);
    const sent = this.#sent;
    const held = same(position, this.#acknowledged);
    const sameSecrets = sent === undefined ? push.secrets === undefined : sent.secrets === secrets;
    if (held && sameSecrets) return;
    const nowMs = this.parts.clock.now().monotonicMs;
    const justSent = sent !== undefined && same(sent, position) && sameSecrets && nowMs - sent.atMs < resendMs;
    if (justSent) return;
    this.#sent = { epoch: position.epoch, generation: position.generation, secrets, atMs: nowMs };
    this.parts.send(push);
  }
}

function same(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.generation === b.generation;
}

/** Tells two sets of secrets apart without keeping them. The time left falls all the time and is no difference. */
function fingerprint(secrets: TargetSecrets | undefined): string {
  if (secrets === undefined) return '';
  const bytes = TargetSecrets.encode({ ...secrets, bootstrapTokenTtlSeconds: 0 }).finish();
  return createHash('sha256').update(bytes).digest('hex');
}
