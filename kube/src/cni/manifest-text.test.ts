import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlotillaError } from '@flotilla/kit';
import { manifestImages, parseManifests } from './manifest-text.js';

const aMap = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

describe('a manifest of several documents', () => {
  test('is read in its order, lists opened, empty documents left out', () => {
    const list = `kind: List\napiVersion: v1\nitems:\n- ${aMap('c').replaceAll('\n', '\n  ')}`;
    const text = `# only words\n---\n${aMap('a')}---\n# nothing\n---\n${aMap('b')}---\n${list}`;
    expect(parseManifests(text).map(({ metadata }) => metadata.name)).toEqual(['a', 'b', 'c']);
  });

  test('means what it means to Kubernetes: octal modes, old booleans, merged maps, and no dates', () => {
    const text = `${aMap('a')}base: &base {mode: 0400}\nuse:\n  <<: *base\n  on: yes\n  day: 2026-01-01\n  time: 1:30\n`;
    const [read] = parseManifests(text);
    expect(read).toMatchObject({ use: { mode: 256, day: '2026-01-01', time: '1:30' } });
    expect(JSON.stringify(read)).toContain('"true":true');
  });

  test.each([
    ['', 'holds no objects'],
    ['<html>', 'has no object in document 1'],
    ['- 1', 'has no object in document 1'],
    [`${aMap('a')}---\n${aMap('a')}`, 'holds ConfigMap a twice'],
    [`${aMap('a')}---\nkind: x\n`, 'has no apiVersion in document 2'],
    ['apiVersion: v1\nkind: x\nmetadata: {}\n', 'has no metadata.name in document 1 (x)'],
    [`${aMap('a')}a: 1\na: 2\n`, 'is not YAML in document 1 at line 6'],
    [`${aMap('a')}x: !!python/object y\n`, 'is not YAML'],
  ])('%j is refused: %s', (text, problem) => {
    expect(() => parseManifests(text)).toThrow(expect.objectContaining({ code: 'CNI_MANIFEST_INVALID' }) as Error);
    expect(() => parseManifests(text)).toThrow(problem);
  });

  test('a text that grows by aliases is refused', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}, *l${i}, *l${i}, *l${i}]`,
    );
    expect(() => parseManifests(`${aMap('a')}l0: &l0 [1]\n${levels.join('\n')}\n`)).toThrow(/aliases/);
  });

  test('any other text fails as a FlotillaError, never otherwise', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseManifests(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FlotillaError);
        }
      }),
    );
  });
});

test('images are those of pods and templates, not of definitions', () => {
  const pod = (image: string): string =>
    `{initContainers: [{name: i, image: ${image}-init}], containers: [{name: c, image: ${image}}]}`;
  const text = [
    `apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec: {template: {spec: ${pod('"r/d:1"')}}}`,
    `apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec: {jobTemplate: {spec: {template: {spec: ${pod('r/j:1')}}}}}`,
    `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: ${pod('r/j:1')}`,
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: ${pod('r/no:1')}`,
  ].join('\n---\n');
  expect(manifestImages(text.replaceAll('"r/d:1"-init', 'r/d:1-init'))).toEqual([
    'r/d:1',
    'r/d:1-init',
    'r/j:1',
    'r/j:1-init',
  ]);
});
