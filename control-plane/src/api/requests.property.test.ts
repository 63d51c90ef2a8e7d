import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../testing/server.js';
import { callJson } from '../testing/web.js';
import { loadRegistry, methodOf } from '../web/json/descriptors.js';
import { rpcPolicy, type RpcPolicy } from './policy.js';

/** Whatever is sent: an answer, or a refusal that names reason and cure; never a fault of ours, never something half made. */

let server: TestServer;
const registry = loadRegistry();
const seed = 20_260_102;

beforeAll(async () => {
  server = await openTestServer();
  const made = await callJson(server, 'ClusterService/CreateCluster', { name: 'demo' });
  if (made.status !== 200) throw new Error(JSON.stringify(made.body));
});
afterAll(() => server.remove());

const text = fc.oneof(
  fc.constantFrom(
    '',
    'demo',
    'control-plane',
    'default',
    'web',
    '10.0.0.0/8',
    'v1.34.4',
    '20%',
    'name',
    'state = RUNNING',
  ),
  fc.constantFrom(
    ' ',
    '__proto__',
    'constructor',
    '../..',
    "';--",
    '\u202e',
    '\u0000',
    'a'.repeat(300),
    '"',
    'labels.',
  ),
  fc.string({ maxLength: 30, unit: 'grapheme' }),
  fc.stringMatching(/^(clu|pol|mch|nod|tok|key|prj)_[2-9a-h]{12}$/),
);
const int32 = fc.oneof(fc.constantFrom(0, -1, 1, 3, 501, 2 ** 31 - 1, -(2 ** 31)), fc.integer({ min: -9, max: 999 }));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);

function scalarOf(type: ScalarType): fc.Arbitrary<unknown> {
  if (type === ScalarType.STRING) return text;
  if (type === ScalarType.BOOL) return fc.boolean();
  return type === ScalarType.INT64 ? int64 : int32;
}

const wellKnown: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  'google.protobuf.Duration': fc.integer({ min: -10, max: 400 * 86_400 }).map((seconds) => `${seconds}s`),
  'google.protobuf.Timestamp': fc.constant('2026-01-02T03:04:05Z'),
  'google.protobuf.FieldMask': fc.constantFrom(
    '',
    'labels',
    'size',
    'spec.size',
    'template.labels',
    'nothing',
    'health',
  ),
};

function itemOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map(({ name }) => name));
  if (field.message !== undefined) return messageOf(field.message, depth + 1);
  return scalarOf(field.scalar ?? ScalarType.STRING);
}

/** A message of this type: every field there or not, its value of the right type and otherwise anything. */
function messageOf(message: DescMessage, depth = 0): fc.Arbitrary<unknown> {
  const known = wellKnown[message.typeName];
  if (known !== undefined) return known;
  const fields = message.fields.map((field) => {
    // Mostly a project in which there is something to break.
    if (field.name === 'project')
      return [field.jsonName, fc.constantFrom('default', 'default', 'default', 'x')] as const;
    const item = itemOf(field, depth);
    if (field.fieldKind === 'list') return [field.jsonName, fc.array(item, { maxLength: 3 })] as const;
    if (field.fieldKind === 'map') return [field.jsonName, fc.dictionary(text, item, { maxKeys: 3 })] as const;
    return [field.jsonName, item] as const;
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

const methods = Object.entries(rpcPolicy).flatMap(([service, rows]) =>
  Object.entries(rows as Readonly<Record<string, RpcPolicy>>)
    .filter(([name, { identity }]) => identity === 'api-key' && !['watchEvents', 'syncArtifacts'].includes(name))
    .map(([name, policy]) => {
      const title = `${service}/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      const described = methodOf(registry, `/flotilla.operator.v1.${title}`);
      if (described === undefined) throw new Error(`${title} is not described`);
      return { title, input: described.input, writes: policy.identity === 'api-key' && policy.audit === 'write' };
    }),
);

interface Detail {
  readonly type: string;
  readonly debug: {
    readonly reason?: string;
    readonly fieldViolations?: readonly { field: string; description: string }[];
  };
}

/** Everything an operator can make, and what was written last. */
async function census(): Promise<number[]> {
  const { read } = server.store;
  const [clusters, pools, tokens, keys, projects, audit, revision] = await Promise.all([
    read.clusters({}),
    read.pools({}),
    read.tokens({}),
    read.apiKeys({}),
    read.projects({}),
    read.audit({ pageSize: 1 }),
    read.revision(),
  ]);
  const written = audit.items[0]?.sequence ?? 0;
  return [...[clusters, pools, tokens, keys, projects].map(({ items }) => items.length), revision, written];
}

async function check(title: string, body: unknown, refusalsOnly: boolean): Promise<void> {
  const before = refusalsOnly ? await census() : [];
  const answer = await callJson(server, title, body);
  if (answer.status === 200) return;
  const details = answer.body['details'] as readonly Detail[];
  const reason = details.find(({ type }) => type.endsWith('ErrorInfo'))?.debug.reason;
  expect([answer.body['code'], reason], JSON.stringify(body)).not.toContain('internal');
  expect(reason).toMatch(/^[A-Z][A-Z_]+$/);
  expect(answer.body['message']).toMatch(/\S/);
  // Bad input names at least one field, each with a rule.
  if (reason === 'INVALID_ARGUMENT') {
    const faults = details.find(({ type }) => type.endsWith('BadRequest'))?.debug.fieldViolations ?? [];
    expect(faults.length, JSON.stringify([body, answer.body])).toBeGreaterThan(0);
    for (const { field, description } of faults) {
      expect(field).toMatch(/\S/);
      expect(description).toMatch(/\S/);
    }
  }
  if (refusalsOnly && reason !== 'PERMISSION_DENIED') expect(await census()).toEqual(before);
}

describe('any request of the right shape', () => {
  it.each(methods)('to $title is answered, or refused with reason and cure', async ({ title, input, writes }) => {
    const runs = { seed, numRuns: 12 };
    await fc.assert(
      fc.asyncProperty(messageOf(input), (body) => check(title, body, writes)),
      runs,
    );
  });
});

describe('any request of any shape', () => {
  it.each(methods.filter(({ writes }) => writes))('to $title does no harm', async ({ title }) => {
    const body = fc.dictionary(fc.constantFrom('project', 'name', 'spec', 'options', 'labels', 'x'), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(body, (given) => check(title, given, true)),
      { seed, numRuns: 6 },
    );
  });
});
