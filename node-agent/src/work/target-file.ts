import { FlotillaError, type Clock } from '@flotilla/kit';
import { MachineRole, MachineTarget, type KubeletSettings, type TargetSecrets } from '@flotilla/proto';
import type { Host } from '../host/host.js';
import type { SecretsInHand } from '../steps/step.js';

export type Acceptance = 'newer' | 'same' | 'older';

/** Targets are ordered by (epoch, generation); an older one is never obeyed. */
export function compareTargets(held: MachineTarget | undefined, incoming: MachineTarget): Acceptance {
  if (held === undefined) return 'newer';
  if (incoming.epoch !== held.epoch) return incoming.epoch > held.epoch ? 'newer' : 'older';
  if (incoming.generation !== held.generation) return incoming.generation > held.generation ? 'newer' : 'older';
  return 'same';
}

const names = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const hostPort = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;
const cidrs = /^[0-9a-fA-F:.]+\/\d{1,3}(,[0-9a-fA-F:.]+\/\d{1,3})?$/;
const labelKey = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

const settingKey = /^[a-z][A-Za-z.-]{1,62}$/;
const quantity = /^\d{1,18}(\.\d{1,6})?(m|k|Ki|M|Mi|G|Gi|T|Ti|%)?$/;

/** Names and amounts as the kubelet reads them; whether it can live with them is seen when it starts. */
function soundSettings(settings: KubeletSettings | undefined): boolean {
  if (settings === undefined) return true;
  const maps = [settings.systemReserved, settings.kubeReserved, settings.evictionHard];
  const entries = maps.flatMap((map) => Object.entries(map));
  const amounts = entries.every(([key, value]) => settingKey.test(key) && quantity.test(value));
  return amounts && entries.length <= 30 && settings.maxPods >= 0 && settings.maxPods <= 10_000;
}

/** Refuses a target that this agent could not carry out, naming every field that is wrong. The host is root: parse, never trust. */
export function parseTarget(target: MachineTarget): MachineTarget {
  const wrong: string[] = [];
  const expect = (sound: boolean, what: string): void => {
    if (!sound) wrong.push(what);
  };
  expect(
    target.role === MachineRole.NONE || target.role === MachineRole.WORKER || target.role === MachineRole.CONTROL_PLANE,
    'role',
  );
  if (target.role !== MachineRole.NONE) {
    const cluster = target.cluster;
    expect(cluster !== undefined && cluster.id !== '', 'cluster.id');
    // A machine that initialises may not know its endpoint yet.
    expect(cluster !== undefined && (cluster.endpoint === '' || hostPort.test(cluster.endpoint)), 'cluster.endpoint');
    expect(cluster === undefined || cluster.podCidr === '' || cidrs.test(cluster.podCidr), 'cluster.pod_cidr');
    expect(
      cluster === undefined || cluster.serviceCidr === '' || cidrs.test(cluster.serviceCidr),
      'cluster.service_cidr',
    );
    expect(
      cluster === undefined || cluster.clusterDomain === '' || names.test(cluster.clusterDomain),
      'cluster.cluster_domain',
    );
    expect(
      cluster === undefined || cluster.caCertHashes.every((hash) => /^sha256:[0-9a-f]{64}$/.test(hash)),
      'cluster.ca_cert_hashes',
    );
    expect(/^v\d{1,4}\.\d{1,4}\.\d{1,4}$/.test(target.kubernetesVersion), 'kubernetes_version');
    expect(names.test(target.nodeName) && target.nodeName.length <= 63, 'node_name');
    expect(/^[0-9a-f]{64}$/.test(target.artifactManifestSha256), 'artifact_manifest_sha256');
    expect(
      Object.entries(target.labels).every(([key, value]) => labelKey.test(key) && labelValue.test(value)),
      'labels',
    );
    expect(soundSettings(target.kubelet), 'kubelet');
    expect(
      target.taints.every((taint) => labelKey.test(taint.key) && labelValue.test(taint.value)),
      'taints',
    );
  }
  if (wrong.length === 0) return target;
  throw new FlotillaError('TARGET_INVALID', `the target has wrong fields: ${wrong.join(', ')}`, {
    kind: 'invalid-argument',
    remedy: 'The control plane and the agent disagree about their contract: run the same release of both.',
  });
}

/**
 * The target this machine works on. It is on disk before it counts as acknowledged; its secrets stay in memory.
 */
export class TargetFile {
  #held: MachineTarget | undefined;
  #secrets: SecretsInHand | undefined;
  readonly #listeners = new Set<() => void>();

  private constructor(
    private readonly host: Host,
    private readonly path: string,
    private readonly clock: Clock,
  ) {}

  static async open(host: Host, path: string, clock: Clock): Promise<TargetFile> {
    const file = new TargetFile(host, path, clock);
    const text = await host.read(path);
    if (text !== undefined) file.#held = readTarget(text, path);
    return file;
  }

  get held(): MachineTarget | undefined {
    return this.#held;
  }

  /** Secrets that came with the target and are still good. A key of certificates has no end of its own. */
  get secrets(): SecretsInHand | undefined {
    const held = this.#secrets;
    if (held === undefined) return undefined;
    const over = held.expiresMonotonicMs <= this.clock.now().monotonicMs;
    if (over && held.bootstrapToken !== '') this.forgetSecrets();
    return this.#secrets;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Saves a newer target, takes new secrets with the same one, ignores an older one. Throws `TARGET_INVALID`. */
  async accept(incoming: MachineTarget, secrets: TargetSecrets | undefined): Promise<Acceptance> {
    const acceptance = compareTargets(this.#held, incoming);
    if (acceptance === 'older') return acceptance;
    parseTarget(incoming);
    if (acceptance === 'newer') {
      await this.host.writeAtomic(this.path, `${JSON.stringify(MachineTarget.toJSON(incoming), null, 2)}\n`, 0o600);
      this.#held = incoming;
    }
    const brought = secrets !== undefined && (secrets.bootstrapToken !== '' || secrets.certificateKey !== '');
    if (brought) {
      const ttlMs = Math.max(0, secrets.bootstrapTokenTtlSeconds) * 1000;
      this.#secrets = {
        bootstrapToken: secrets.bootstrapToken,
        certificateKey: secrets.certificateKey,
        expiresMonotonicMs: this.clock.now().monotonicMs + ttlMs,
      };
    }
    if (acceptance === 'newer' || brought) for (const listener of this.#listeners) listener();
    return acceptance;
  }

  /** The token was spent or refused: it is not tried again. */
  forgetSecrets(): void {
    const certificateKey = this.#secrets?.certificateKey ?? '';
    this.#secrets = certificateKey === '' ? undefined : { bootstrapToken: '', certificateKey, expiresMonotonicMs: 0 };
  }
}

function readTarget(text: string, path: string): MachineTarget {
  try {
    return parseTarget(MachineTarget.fromJSON(JSON.parse(text)));
  } catch (error) {
    throw new FlotillaError(
      'TARGET_DAMAGED',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      {
        kind: 'data-loss',
        remedy: `Remove ${path} and restart flotilla-agent: the control plane sends the target again.`,
      },
    );
  }
}
