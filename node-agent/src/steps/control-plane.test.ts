import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { SimClock } from '@flotilla/kit';
import { Bootstrap, MachineRole, Maintenance, NonceState, TargetSecrets, type MachineTarget } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeMachine } from '../fake-machine.js';
import { FakePlane } from '../fake-plane.js';
import { fakeClusterCa } from '../host/fake-cluster-ca.js';
import { failed } from '../host/fake-host.js';
import { signClientCertificate, spkiOf } from '../host/x509.js';
import { aCluster, aTarget, someSecrets } from '../work/fake-world.js';

const ca = fakeClusterCa();
const key = 'ab'.repeat(32);
const withKey = (certificateKey: string) => TargetSecrets.create({ ...someSecrets, certificateKey });
const client = '/var/lib/kubelet/pki/kubelet-client-current.pem';

function aMachine() {
  const clock = new SimClock();
  const machine = new FakeMachine({ name: 'cp-1', clusterCa: ca });
  const plane = new FakePlane(clock, machine);
  plane.startAgent();
  const send = (target: MachineTarget, secrets: TargetSecrets | undefined): void => {
    plane.streams.at(-1)?.say({ $case: 'target', value: { target, secrets } });
  };
  const verbs = (): readonly string[] =>
    machine.kubeadm.calls.map(({ verb, argv }) =>
      argv[4] === 'upload-certs' ? 'upload' : argv.includes('upload-certs') ? 'upload' : verb,
    );
  return { clock, machine, plane, send, verbs };
}

const member = (bootstrap: Bootstrap, part: Partial<MachineTarget> = {}, endpoint = '10.0.0.5:6443') =>
  aTarget({
    role: MachineRole.CONTROL_PLANE,
    cluster: { ...aCluster(), bootstrap, endpoint, uploadCertificates: true },
    ...part,
  });

function expired(nowMs: number, name: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = signClientCertificate({
    caCertificatePem: ca.certificatePem,
    caKey: createPrivateKey(ca.keyPem),
    publicKeySpki: spkiOf(privateKey),
    commonName: `system:node:${name}`,
    organization: 'system:nodes',
    notBefore: new Date(nowMs - 2 * 86_400_000),
    notAfter: new Date(nowMs - 86_400_000),
    serial: Buffer.of(1),
  });
  return certificate + privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

describe('several control planes', () => {
  it('the first waits for the key, uploads its certificates under it, and never puts it into argv or a file that stays', async () => {
    const { clock, machine, plane, send } = aMachine();
    await clock.advance(1_000);
    send(member(Bootstrap.INIT), someSecrets);
    await clock.advance(30_000);
    expect(plane.last?.steps.at(-1)?.problems[0]?.code).toBe('CERTIFICATE_KEY_NEEDED');
    expect(machine.kubeadm.calls).toEqual([]);
    send(member(Bootstrap.INIT), withKey(key));
    await clock.advance(30_000);
    expect(plane.last).toMatchObject({ converged: true });
    const [init] = machine.kubeadm.calls;
    expect(init?.argv).toContain('--upload-certs');
    expect(init?.config).toContain(`"certificateKey": "${key}"`);
    expect(machine.host.ran.flat().filter((word) => word.includes(key))).toEqual([]);
    expect(Object.values(machine.host.picture()).filter((text) => text.includes(key))).toEqual([]);
  });

  it('uploads again under a fresh key, and when the old upload has run out; not otherwise', async () => {
    const { clock, plane, send, verbs } = aMachine();
    await clock.advance(1_000);
    send(member(Bootstrap.INIT), withKey(key));
    await clock.advance(30_000);
    expect(verbs()).toEqual(['init']);
    clock.stepWall(3_600_000);
    await clock.advance(70_000);
    expect(verbs()).toEqual(['init']);
    send(member(Bootstrap.INIT, { generation: 2n }), withKey('cd'.repeat(32)));
    await clock.advance(10_000);
    expect(verbs()).toEqual(['init', 'upload']);
    clock.stepWall(2 * 3_600_000);
    await clock.advance(130_000);
    expect(verbs().length).toBe(3);
    expect(plane.last).toMatchObject({ converged: true });
  });

  it('a further member joins with the key and can sign for the control plane; expired uploads are waited for', async () => {
    const { clock, machine, plane, send } = aMachine();
    await clock.advance(1_000);
    send(member(Bootstrap.JOIN), someSecrets);
    await clock.advance(20_000);
    expect(plane.last?.steps.at(-1)?.problems[0]?.code).toBe('CERTIFICATE_KEY_NEEDED');
    for (let time = 0; time < 4; time++)
      machine.kubeadm.failures.push(
        failed('error execution phase control-plane-prepare/download-certs: Secret "kubeadm-certs" was not found'),
      );
    send(member(Bootstrap.JOIN), withKey(key));
    await clock.advance(20_000);
    expect(plane.last?.steps.at(-1)?.problems[0]?.code).toBe('CERTIFICATES_NOT_UPLOADED');
    await clock.advance(120_000);
    expect(plane.last).toMatchObject({ converged: true, membership: { role: MachineRole.CONTROL_PLANE } });
    expect(machine.kubeadm.calls.find(({ verb }) => verb === 'join')?.config).toContain('localAPIEndpoint');
    expect(plane.last?.credentials?.clientCertificate).toContain('BEGIN CERTIFICATE');
  });

  it('the only control plane is never reset by a repair', async () => {
    const { clock, machine, plane, send, verbs } = aMachine();
    await clock.advance(1_000);
    send(member(Bootstrap.INIT), withKey(key));
    await clock.advance(30_000);
    send(member(Bootstrap.INIT, { generation: 2n, maintenance: Maintenance.create({ resetNonce: 'r/1' }) }), undefined);
    await clock.advance(30_000);
    expect(plane.last?.nonces).toEqual([{ act: 'reset', nonce: 'r/1', state: NonceState.FAILED }]);
    expect(plane.last?.steps.at(-1)).toMatchObject({ step: 'reset', problems: [{ code: 'RESET_REFUSED' }] });
    expect([verbs(), machine.kubeletRuns]).toEqual([['init'], true]);
  });

  it('an endpoint that is a name leads to the first member itself, unless DNS says otherwise, and goes with it', async () => {
    const { clock, machine, plane, send } = aMachine();
    const hosts = (): string => machine.host.content('/etc/hosts') ?? '';
    const before = hosts();
    await clock.advance(1_000);
    send(member(Bootstrap.INIT, {}, 'kube.demo.internal:6443'), withKey(key));
    await clock.advance(30_000);
    expect(hosts()).toContain("10.0.0.7 kube.demo.internal # flotilla-agent: the cluster's endpoint");
    expect(machine.kubeadm.calls[0]?.config).toContain('"controlPlaneEndpoint": "kube.demo.internal:6443"');
    send(aTarget({ generation: 2n, role: MachineRole.NONE }), undefined);
    await clock.advance(60_000);
    expect([plane.last?.clean, hosts()]).toEqual([true, before]);
    machine.host.names.set('kube.demo.internal', ['10.0.0.100']);
    send(member(Bootstrap.INIT, { generation: 3n, nodeId: 'nod_2' }, 'kube.demo.internal:6443'), withKey(key));
    await clock.advance(30_000);
    expect(hosts()).not.toContain('kube.demo.internal');
  });
});

describe('certificates of the kubelet that have run out', () => {
  it('on a control plane a new one is signed here, for the node that it is', async () => {
    const { clock, machine, plane, send } = aMachine();
    await clock.advance(1_000);
    send(member(Bootstrap.INIT), withKey(key));
    await clock.advance(30_000);
    machine.host.put('/var/lib/kubelet/pki/old.pem', expired(clock.now().wallMs, 'edge-7'));
    machine.host.put(client, expired(clock.now().wallMs, 'edge-7'));
    send(
      member(Bootstrap.INIT, { generation: 2n, maintenance: Maintenance.create({ renewCertificatesNonce: 'r/1' }) }),
      undefined,
    );
    await clock.advance(30_000);
    expect(plane.last?.nonces).toEqual([{ act: 'renew-certificates', nonce: 'r/1', state: NonceState.DONE }]);
    const link = machine.host.entries.get(client);
    const text = machine.host.content(link?.kind === 'symlink' ? link.target : '') ?? '';
    const certificate = new X509Certificate(text);
    expect(certificate.subject.split('\n').sort()).toEqual(['CN=system:node:edge-7', 'O=system:nodes']);
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(clock.now().wallMs + 300 * 86_400_000);
    expect(certificate.checkPrivateKey(createPrivateKey(text.slice(text.indexOf('-----BEGIN PRIVATE'))))).toBe(true);
  });

  it('a worker without a fresh token says that it has to join again, and changes nothing', async () => {
    const { clock, machine, plane, send, verbs } = aMachine();
    await clock.advance(1_000);
    send(aTarget(), someSecrets);
    await clock.advance(30_000);
    machine.host.put(client, expired(clock.now().wallMs, 'edge-7'));
    send(aTarget({ generation: 2n, maintenance: Maintenance.create({ renewCertificatesNonce: 'r/1' }) }), undefined);
    await clock.advance(30_000);
    expect(plane.last?.nonces[0]?.state).toBe(NonceState.FAILED);
    expect(plane.last?.steps.at(-1)).toMatchObject({
      step: 'renew-certificates',
      problems: [{ code: 'REJOIN_NEEDED' }],
    });
    expect(verbs()).toEqual(['join']);
    expect(machine.host.entries.has('/etc/kubernetes/bootstrap-kubelet.conf')).toBe(false);
  });

  it('with a fresh token the kubelet starts over from it, and the token does not stay', async () => {
    const { clock, machine, plane, send, verbs } = aMachine();
    await clock.advance(1_000);
    send(aTarget(), someSecrets);
    await clock.advance(30_000);
    machine.host.put(client, expired(clock.now().wallMs, 'edge-7'));
    const bootstrap = '/etc/kubernetes/bootstrap-kubelet.conf';
    const modes: number[] = [];
    machine.host.programs.unshift((argv, host) => {
      if (argv.join(' ') !== 'systemctl restart kubelet.service') return undefined;
      const entry = host.entries.get(bootstrap);
      if (entry?.kind === 'file') modes.push(entry.mode);
      host.put(client, expired(clock.now().wallMs + 30 * 86_400_000, 'edge-7'));
      return undefined;
    });
    send(aTarget({ generation: 2n, maintenance: Maintenance.create({ renewCertificatesNonce: 'r/1' }) }), someSecrets);
    await clock.advance(30_000);
    expect(plane.last?.nonces[0]?.state).toBe(NonceState.DONE);
    expect([modes, machine.host.entries.has(bootstrap), verbs()]).toEqual([[0o600], false, ['join']]);
    const secret = someSecrets.bootstrapToken;
    expect(Object.values(machine.host.picture()).filter((text) => text.includes(secret))).toEqual([]);
  });
});
