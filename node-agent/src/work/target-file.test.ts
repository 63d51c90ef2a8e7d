import { SimClock } from '@flotilla/kit';
import { MachineRole } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { aCluster, aTarget, someSecrets } from './fake-world.js';
import { compareTargets, parseTarget, TargetFile } from './target-file.js';

const path = '/state/target.json';

async function aFile(): Promise<{ host: FakeHost; clock: SimClock; file: TargetFile }> {
  const host = new FakeHost();
  host.dir('/state');
  const clock = new SimClock();
  return { host, clock, file: await TargetFile.open(host, path, clock) };
}

describe('targets', () => {
  it('are ordered by epoch, then generation', () => {
    const held = aTarget({ epoch: 2n, generation: 5n });
    expect(compareTargets(undefined, held)).toBe('newer');
    expect(compareTargets(held, aTarget({ epoch: 2n, generation: 6n }))).toBe('newer');
    expect(compareTargets(held, aTarget({ epoch: 3n, generation: 1n }))).toBe('newer');
    expect(compareTargets(held, aTarget({ epoch: 2n, generation: 5n }))).toBe('same');
    expect(compareTargets(held, aTarget({ epoch: 1n, generation: 99n }))).toBe('older');
    expect(compareTargets(held, aTarget({ epoch: 2n, generation: 4n }))).toBe('older');
  });

  it('are on disk before they count, and come back whole', async () => {
    const { host, clock, file } = await aFile();
    host.onWrite = () => {
      throw new Error('ENOSPC');
    };
    await expect(file.accept(aTarget(), someSecrets)).rejects.toThrow('ENOSPC');
    expect(file.held).toBeUndefined();
    host.onWrite = () => undefined;
    await file.accept(aTarget(), someSecrets);
    expect((await TargetFile.open(host, path, clock)).held).toEqual(aTarget());
    expect(host.content(path)).not.toContain(someSecrets.bootstrapToken);
  });

  it('secrets are forgotten when their time is over', async () => {
    const { clock, file } = await aFile();
    await file.accept(aTarget(), someSecrets);
    expect(file.secrets?.bootstrapToken).toBe(someSecrets.bootstrapToken);
    await clock.advance(900_000);
    expect(file.secrets).toBeUndefined();
  });

  it.each([
    ['an unknown role', aTarget({ role: MachineRole.UNSPECIFIED }), 'role'],
    ['a version that would leave its directory', aTarget({ kubernetesVersion: '../../etc' }), 'kubernetes_version'],
    ['a node name that is an option', aTarget({ nodeName: '--help' }), 'node_name'],
    ['a label that ends the flag', aTarget({ labels: { 'a,b': 'c' } }), 'labels'],
    ['a digest that is none', aTarget({ artifactManifestSha256: 'x' }), 'artifact_manifest_sha256'],
    ['an endpoint without a port', aTarget({ cluster: { ...aCluster(), endpoint: 'cp' } }), 'cluster.endpoint'],
    [
      'a pin that is none',
      aTarget({ cluster: { ...aCluster(), caCertHashes: ['sha256:zz'] } }),
      'cluster.ca_cert_hashes',
    ],
    ['no cluster', aTarget({ cluster: undefined }), 'cluster.id'],
  ])('fault 65: %s is refused by name', (_name, target, field) => {
    expect(() => parseTarget(target)).toThrow(field);
  });

  it('a damaged file is told with its cure', async () => {
    const { host, clock } = await aFile();
    host.put(path, '{');
    await expect(TargetFile.open(host, path, clock)).rejects.toMatchObject({ code: 'TARGET_DAMAGED' });
  });
});
