import { describe, expect, it } from 'vitest';
import { aManifest } from '../../work/fake-world.js';
import { parseNodeManifest } from './manifest.js';

interface Shape {
  schema: number;
  arch: { amd64: { files: Record<string, unknown>[] } };
}

function changed(change: (manifest: Shape) => void): string {
  const manifest = JSON.parse(aManifest().json) as Shape; // made by aManifest
  change(manifest);
  return JSON.stringify(manifest);
}

const first = (manifest: Shape): Record<string, unknown> => manifest.arch.amd64.files[0] ?? {};

describe('the manifest of artifacts', () => {
  it('gives files by role and the pause image', () => {
    const manifest = parseNodeManifest(aManifest().json, 'amd64');
    expect(manifest.pauseImage).toBe('registry.k8s.io/pause:3.10.1');
    expect(manifest.files.filter(({ role }) => role === 'binary').map(({ name }) => name)).toContain('kubelet');
  });

  it.each([
    ['another schema', (m: Shape) => void (m.schema = 2), /schema/],
    ['a name that is a path', (m: Shape) => void (first(m)['name'] = '../kubelet'), /name/],
    ['a digest that is none', (m: Shape) => void (first(m)['sha256'] = 'abc'), /sha256/],
    ['a size that is none', (m: Shape) => void (first(m)['sizeBytes'] = -1), /sizeBytes/],
    ['an unknown role', (m: Shape) => void (first(m)['role'] = 'script'), /role/],
    ['an unknown place', (m: Shape) => void (first(m)['install'] = '/etc'), /install/],
    ['the same name twice', (m: Shape) => void m.arch.amd64.files.push(first(m)), /same name/],
    [
      'no pause image',
      (m: Shape) => void (m.arch.amd64.files = m.arch.amd64.files.filter(({ name }) => name !== 'image-pause')),
      /pause/,
    ],
    [
      'an image with an option in its name',
      (m: Shape) => void m.arch.amd64.files.push({ ...m.arch.amd64.files.at(-1), name: 'x', image: '--all' }),
      /image/,
    ],
  ])('%s is refused', (_name, change, message) => {
    expect(() => parseNodeManifest(changed(change), 'amd64')).toThrow(message);
  });

  it('another architecture, or no JSON, is refused', () => {
    expect(() => parseNodeManifest(aManifest().json, 'arm64')).toThrow(/nothing for arm64/);
    expect(() => parseNodeManifest('<html>', 'amd64')).toThrow(/not JSON/);
  });
});
