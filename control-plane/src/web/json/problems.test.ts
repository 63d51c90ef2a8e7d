import fc from 'fast-check';
import type { DescMessage } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { JsonCodec } from './codec.js';
import { loadRegistry } from './descriptors.js';
import { jsonProblems } from './problems.js';

const registry = loadRegistry();
const codec = new JsonCodec(registry);

function schema(name: string): DescMessage {
  const found = registry.getMessage(`flotilla.operator.v1.${name}`);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const pool = schema('UpdateNodePoolRequest');
const problems = (body: unknown) => jsonProblems(pool, body).map(({ field, description }) => `${field} ${description}`);

describe('the shape of a JSON message', () => {
  it.each([
    [5, 'body must be an object (is 5)'],
    [null, 'body must be an object (is null)'],
    [{ spec: { size: 1.5 } }, 'spec.size must be a whole number (is 1.5)'],
    [{ spec: { size: 2 ** 31 } }, 'spec.size must be a whole number (is 2147483648)'],
    [
      { spec: { selector: { minMemoryBytes: 2 ** 60 } } },
      'spec.selector.minMemoryBytes must be a whole number, as number or text (is 1152921504606847000)',
    ],
    [{ spec: { drainTimeout: 90 } }, 'spec.drainTimeout must be a duration in seconds such as "90s" (is 90)'],
    [{ updateMask: ['size'] }, 'updateMask must be paths separated by commas, such as "labels,spec.size" (is a list)'],
    [{ spec: { template: { taints: [{ key: 'a' }, 'b'] } } }, 'spec.template.taints[1] must be an object (is "b")'],
    [{ labels: ['a'] }, 'labels must be an object of names and values (is a list)'],
    [JSON.parse('{"labels": {"__proto__": "x"}}'), 'labels["__proto__"] is no key'],
    [{ nodePool: 'a', node_pool: 'b' }, 'node_pool is given twice, as nodePool and as node_pool'],
    [
      { name: '\ud800' },
      'name is not a field of UpdateNodePoolRequest; there is project, cluster, nodePool, spec, updateMask, etag, options, labels',
    ],
    [{ etag: '\ud800' }, 'etag must be a text (is "\\ud800")'],
  ])('%j: %s', (body, problem) => {
    expect(problems(body)).toEqual([problem]);
  });

  it('that is good is taken in both spellings, with null for what is not there', () => {
    const body = {
      node_pool: 'a',
      spec: { size: '3', health: { rebootAllowed: false } },
      etag: null,
      updateMask: 'size',
    };
    expect(problems(body)).toEqual([]);
    expect(codec.decode(pool, codec.encode(pool, JSON.stringify(body)))).toMatchObject({
      nodePool: 'a',
      spec: { size: 3, health: { rebootAllowed: false } },
      updateMask: 'size',
    });
  });

  it('of any JSON is either told to be wrong, or can be taken: no third way', () => {
    const names = [...pool.fields.map(({ jsonName }) => jsonName), 'x'];
    const body = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    fc.assert(
      fc.property(body, (given) => {
        const text = JSON.stringify(given);
        if (problems(JSON.parse(text)).length > 0) expect(() => codec.encode(pool, text)).toThrow();
        else expect(codec.encode(pool, text)).toBeInstanceOf(Buffer);
      }),
      { numRuns: 500 },
    );
  });

  it('repeats no secret: long texts are told by their length', () => {
    const [problem] = jsonProblems(schema('CreateClusterRequest'), { kubeconfig: ['x'.repeat(99)], name: 5 });
    expect(problem).toEqual({ field: 'kubeconfig', description: 'must be a text (is a list)' });
    const cni = { spec: { cni: 's'.repeat(99) } };
    expect(jsonProblems(schema('CreateClusterRequest'), cni)[0]?.description).toContain('(is a text of 99 characters)');
  });

  it('however deep or long, costs little', () => {
    let deep: unknown = {};
    for (let i = 0; i < 5000; i++) deep = { spec: deep };
    expect(problems(deep).length).toBeLessThan(51);
    expect(jsonProblems(pool, Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, 1])))).toHaveLength(
      50,
    );
  });
});
