import { seededRandom, type SimClock } from '@flotilla/kit';
import { HeartbeatAck, Welcome, type ConditionStatus, type MachineTarget, type ObservedState } from '@flotilla/proto';
import type { FakeAgent, FakeMachine } from './fake-machine.js';
import { FakeStream, FakeTransport } from './link/fake-stream.js';
import { someSecrets } from './work/fake-world.js';

/** A control plane of a few lines for one machine: welcomes, acknowledges, sends the newest target with each Hello. */
export class FakePlane {
  readonly streams: FakeStream[] = [];
  readonly reports: ObservedState[] = [];
  /** What each probe said last, as the heartbeats told it. */
  readonly probes = new Map<string, { readonly status: ConditionStatus; readonly reason: string }>();
  readonly hellos: { readonly bootId: string; readonly processId: string }[] = [];
  beats = 0;
  target: MachineTarget | undefined;
  epoch = 1n;
  /** Its answers are lost on the way. */
  mute = false;
  readonly transport: FakeTransport;

  constructor(
    private readonly clock: SimClock,
    private readonly machine: FakeMachine,
  ) {
    this.transport = new FakeTransport(
      () => {
        const stream = new FakeStream((message, back) => this.#hear(message, back));
        this.streams.push(stream);
        return stream;
      },
      () => clock.now().monotonicMs,
    );
  }

  startAgent(): FakeAgent {
    return this.machine.startAgent({ clock: this.clock, random: seededRandom(1), transport: this.transport });
  }

  push(target: MachineTarget): void {
    this.target = target;
    const stream = this.streams.at(-1);
    if (stream !== undefined) this.#send(stream);
  }

  get last(): ObservedState | undefined {
    return this.reports.at(-1);
  }

  /** Streams that are open from the server's side. */
  get open(): number {
    return this.streams.filter(({ destroyed }) => !destroyed).length;
  }

  #send(stream: FakeStream): void {
    if (this.target !== undefined && !this.mute)
      stream.say({ $case: 'target', value: { target: this.target, secrets: someSecrets } });
  }

  #hear(message: FakeStream['sent'][number], back: FakeStream): void {
    if (message.$case === 'report') this.reports.push(message.value);
    if (message.$case === 'heartbeat') {
      this.beats += 1;
      for (const { type, status, reason } of message.value.probes) this.probes.set(type, { status, reason });
      if (!this.mute) back.say({ $case: 'ack', value: HeartbeatAck.create({ sequence: message.value.sequence }) });
    }
    if (message.$case !== 'hello') return;
    this.hellos.push({ bootId: message.value.bootId, processId: message.value.processId });
    if (this.mute) return;
    const heartbeatInterval = { seconds: 5n, nanos: 0 };
    const serverTime = new Date(this.clock.now().wallMs);
    const value = Welcome.create({ protocol: 1, serverEpoch: this.epoch, heartbeatInterval, serverTime });
    back.say({ $case: 'welcome', value });
    this.#send(back);
  }
}
