import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { stale } from '../scripts/api-docs/outputs.js';

it('the OpenAPI document and the API reference say what the protos say', () => {
  expect(stale(resolve(import.meta.dirname, '../..')), 'run: npm run generate -w control-plane').toEqual([]);
}, 60_000);
