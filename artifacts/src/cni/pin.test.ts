import { describe, expect, it } from 'vitest';
import { containing, errorWith, sha256Of } from '../test-support/builders.js';
import { cniReleases } from './catalog.js';
import { parseCniPin, parseCniPins } from './pin.js';

const sha256 = sha256Of('manifest');
const calico = { cni: 'calico', version: 'v3.32.2' };

describe('a pin', () => {
  it('takes the address from the catalogue and the digest from the operator', () => {
    expect(parseCniPin({ ...calico, sha256 })).toEqual({
      ...calico,
      sha256,
      from: {
        kind: 'url',
        url: 'https://raw.githubusercontent.com/projectcalico/calico/v3.32.2/manifests/calico.yaml',
      },
    });
  });

  it('of a release outside of the catalogue has an address or a file', () => {
    const url = 'https://mirror.example.com/calico.yaml';
    expect(parseCniPin({ ...calico, version: 'v3.40.0', sha256, url }).from).toEqual({ kind: 'url', url });
    const file = '/srv/cilium.yaml';
    expect(parseCniPin({ cni: 'cilium', version: 'v1.20.2', sha256, file }).from).toEqual({ kind: 'file', path: file });
  });

  it.each([
    [calico, 'sha256sum'],
    [{ cni: 'cilium', version: 'v1.20.2', sha256 }, 'helm template'],
    [{ cni: 'cilium', version: 'v9.9.9', sha256 }, 'release page'],
  ])('%j is demanded from the operator, who is told how to make it', (input, remedy) => {
    expect(() => parseCniPin(input)).toThrow(errorWith({ code: 'CNI_PIN_NEEDED', remedy: containing(remedy) }));
    expect(() => parseCniPin(input)).toThrow(errorWith({ remedy: containing('flotilla-server artifacts pin-cni') }));
  });

  it.each([
    ['cniManifests.cni', { cni: 'flannel' }],
    ['cniManifests.version', { version: '3.32.2' }],
    ['cniManifests.version', { version: 'v3.32.2/../x' }],
    ['cniManifests.sha256', { sha256: 'abc' }],
    ['cniManifests.sha256', { sha256: sha256.toUpperCase() }],
    ['cniManifests.url', { url: 'http://example.com/x' }],
    ['cniManifests.url', { url: 'https://a:b@example.com/x' }],
    ['cniManifests.file', { file: 'relative' }],
    ['cniManifests', { later: true }],
    ['cniManifests', { url: 'https://a/x', file: '/x' }],
  ])('refuses a wrong %s: %j', (field, wrong) => {
    expect(() => parseCniPin({ ...calico, sha256, ...wrong })).toThrow(
      errorWith({ code: 'INVALID_ARGUMENT', violations: expect.arrayContaining([errorWith({ field })]) as unknown }),
    );
  });

  it('is there once in a list', () => {
    const list = [
      { ...calico, sha256 },
      { ...calico, sha256: sha256Of('other') },
    ];
    expect(() => parseCniPins(list)).toThrow(/cniManifests\[1\] names calico v3.32.2 a second time/);
    expect(() => parseCniPins({})).toThrow(/must be a list/);
    expect(parseCniPins(list.slice(0, 1))).toHaveLength(1);
  });

  it('is needed for every release whose project publishes no digest', () => {
    for (const { howToPin, url, sha256: known } of cniReleases) {
      expect(howToPin).not.toBe('');
      expect(known === undefined || url !== undefined).toBe(true);
    }
  });
});
