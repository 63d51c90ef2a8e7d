import type { SessionResponse } from '@flotilla/proto';
import { Violation } from '../world/kernel.js';
import type { HostAct, SimMachine } from '../world/machine.js';
import type { Model } from './model.js';

interface Seen {
  epoch: bigint;
  generation: bigint;
  /** Nonces whose "started" line is on disk. */
  readonly started: Set<string>;
  /** Those whose line was only a mark in /run, the disk being read-only; the journal may take it over once. */
  readonly marked: Set<string>;
  /** The act that may be carried out now, by its line. */
  open: { act: string; nonce: string } | undefined;
}

const acts: Partial<Record<HostAct, string>> = { reboot: 'reboot', 'restart-runtime': 'restart-runtime' };

/** Nonces, epochs and generations as they are on the hosts. */
export class AgentChecks {
  readonly #seen = new Map<string, Seen>();

  constructor(private readonly model: Model) {}

  #of(machine: SimMachine): Seen {
    const seen = this.#seen.get(machine.name) ?? {
      epoch: 0n,
      generation: 0n,
      started: new Set<string>(),
      marked: new Set<string>(),
      open: undefined,
    };
    this.#seen.set(machine.name, seen);
    return seen;
  }

  /** I8: what an agent obeys never gets older. */
  targetFile(machine: SimMachine, text: string): void {
    const { epoch = '0', generation = '0' } = JSON.parse(text) as { epoch?: string; generation?: string }; // written by the agent
    const seen = this.#of(machine);
    const [newEpoch, newGeneration] = [BigInt(epoch), BigInt(generation)];
    const older = newEpoch < seen.epoch || (newEpoch === seen.epoch && newGeneration < seen.generation);
    if (older)
      throw new Violation(
        'I8',
        `${machine.name} took (${epoch}, ${generation}) after (${seen.epoch}, ${seen.generation})`,
      );
    seen.epoch = newEpoch;
    seen.generation = newGeneration;
  }

  /** A nonce is started at most once, whatever crashed. */
  journalLine(machine: SimMachine, text: string): void {
    const line = JSON.parse(text) as { kind: string; act?: string; nonce?: string; state?: string }; // written by the agent
    if (line.kind !== 'nonce' || line.act === undefined || line.nonce === undefined) return;
    const seen = this.#of(machine);
    const key = `${line.act} ${line.nonce}`;
    if (line.state !== 'started') {
      if (seen.open?.nonce === line.nonce) seen.open = undefined;
      return;
    }
    if (seen.marked.delete(key)) return;
    if (seen.started.has(key)) throw new Violation('nonce-once', `${machine.name} starts ${key} a second time`);
    seen.started.add(key);
    seen.open = { act: line.act, nonce: line.nonce };
  }

  /** What needs a nonce is not done without one, nor twice for the same. */
  act(machine: SimMachine, act: HostAct): void {
    const needed = acts[act];
    const seen = this.#of(machine);
    if (act === 'kubeadm-reset') return this.#reset(machine, seen);
    if (needed === undefined) return;
    const settingUp = machine.joined === false && act !== 'reboot';
    if (settingUp) return;
    if (seen.open?.act !== needed && act === 'reboot' && !this.#isMarked(machine, seen, needed))
      throw new Violation('nonce-once', `${machine.name}: ${act} without a nonce whose line is on disk`);
    if (seen.open?.act === needed) seen.open = undefined;
  }

  /** On a read-only disk the line is a mark in /run, made before the act; it counts once. */
  #isMarked(machine: SimMachine, seen: Seen, act: string): boolean {
    const text = machine.host.content('/run/flotilla-agent/acts.json') ?? '{}';
    const { records = [] } = JSON.parse(text) as { records?: { act: string; nonce: string; state: string }[] }; // written by the agent
    const fresh = records.find((r) => r.act === act && r.state === 'started' && !seen.started.has(`${act} ${r.nonce}`));
    if (fresh === undefined) return false;
    seen.started.add(`${act} ${fresh.nonce}`);
    seen.marked.add(`${act} ${fresh.nonce}`);
    return true;
  }

  /** A host leaves its cluster because its target says so, or a nonce; never while it is wanted as it is. */
  #reset(machine: SimMachine, seen: Seen): void {
    if (this.model.machines.get(machine.id)?.preserved === true)
      throw new Violation('preserved', `${machine.name} is cleaned though it is kept for a person to look at`);
    if (seen.open?.act === 'reset') return;
    const target = this.model.machines.get(machine.id)?.target;
    const held = machine.host.content('/var/lib/flotilla-agent/target.json') ?? '{}';
    const { nodeId = '', role = '' } = JSON.parse(held) as { nodeId?: string; role?: string }; // written by the agent
    const retired = machine.host.content('/var/lib/flotilla-agent/retired.json') !== undefined;
    const node = this.model.nodes.get(nodeId);
    const wanted =
      role !== 'MACHINE_ROLE_NONE' &&
      node !== undefined &&
      node.ready &&
      node.removal === undefined &&
      target?.nodeId === nodeId;
    if (wanted && !retired && machine.registration !== undefined && machine.kubeletAlive)
      throw new Violation(
        'nonce-once',
        `${machine.name} resets itself though it is wanted as it is, and no nonce asked for it`,
      );
  }

  /** I3: what is sent was decided and is durable; I8: with the epoch of the life that sends. */
  push(machine: SimMachine, { message }: SessionResponse, epoch: number | undefined): void {
    if (message?.$case !== 'target' || message.value.target === undefined) return;
    const { target } = message.value;
    const stored = this.model.machines.get(machine.id);
    if (stored === undefined || Number(target.generation) > stored.generation)
      throw new Violation('I3', `generation ${target.generation} was sent to ${machine.name} before it was stored`);
    if (epoch !== undefined && target.epoch !== BigInt(epoch))
      throw new Violation('I8', `a target of epoch ${target.epoch} was sent by a server of epoch ${epoch}`);
    const { maintenance } = target;
    const asked = [
      maintenance?.rebootNonce ?? '',
      maintenance?.restartKubeletNonce ?? '',
      maintenance?.restartRuntimeNonce ?? '',
      maintenance?.renewCertificatesNonce ?? '',
      maintenance?.resetNonce ?? '',
    ].filter((nonce) => nonce !== '');
    const undecided = asked.find((nonce) => !this.model.decided.has(nonce));
    if (undecided !== undefined)
      throw new Violation('I3', `${machine.name} is asked for ${undecided}, which no run of the ladder has decided`);
    const started = [...this.#of(machine).started];
    const open = asked.filter((nonce) => !started.some((key) => key.endsWith(` ${nonce}`)));
    if (open.length > 1)
      throw new Violation(
        'I13',
        `${machine.name} is asked for ${open.length} disruptive acts at once: ${open.join(', ')}`,
      );
  }
}
