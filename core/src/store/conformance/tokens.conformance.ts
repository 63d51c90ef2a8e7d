import { describe, expect, test } from 'vitest';
import type { Change } from '../change.js';
import { nowMs, register, token, type Open } from './bench.conformance.js';

/** A token is spent as often as it allows, and not once more. */
export function tokensConformance(opened: Open): void {
  describe('tokens', () => {
    const spend = (identityKeySha256: string, machineId: string): Change => ({
      kind: 'token.spend',
      tokenId: 'tok_a',
      identityKeySha256,
      machineId,
    });

    test('one use is one use, however many ask at once', async () => {
      const { store, projectId, commit } = await opened();
      await commit('api', token(projectId));
      const attempts = Array.from({ length: 50 }, (_, i) =>
        commit('enroll', spend(`key${i}`, `mch_${i}`), register(projectId, `mch_${i}`)).then(
          () => 'ok',
          (error: unknown) => (error as { code: string }).code, // the store throws FlotillaError
        ),
      );
      const outcomes = await Promise.all(attempts);
      expect(outcomes.filter((o) => o === 'ok')).toHaveLength(1);
      expect(outcomes.filter((o) => o === 'TOKEN_USED_UP')).toHaveLength(49);
      expect((await store.read.token('tok_a'))?.uses).toBe(1);
      expect((await store.read.machines({ projectId })).items).toHaveLength(1);
      await store.close();
    });

    test('the same key spends once and is told which machine it is', async () => {
      const { store, projectId, commit } = await opened();
      await commit('api', token(projectId, { maxUses: 5 }));
      await commit('enroll', spend('k', 'mch_a'), register(projectId, 'mch_a'));
      await commit('enroll', spend('k', 'mch_a'));
      expect((await store.read.token('tok_a'))?.uses).toBe(1);
      expect(await store.read.tokenSpend('tok_a', 'k')).toEqual({ machineId: 'mch_a' });
      await expect(commit('enroll', spend('k', 'mch_b'), register(projectId, 'mch_b'))).rejects.toMatchObject({
        code: 'TOKEN_SPENT_BY_THIS_KEY',
        metadata: { machineId: 'mch_a' },
      });
      await store.close();
    });

    test('expired, revoked and unknown tokens are refused by name', async () => {
      const { store, projectId, commit } = await opened();
      await commit('api', token(projectId, { expiresAtMs: nowMs }));
      await expect(commit('enroll', spend('k', 'mch_a'))).rejects.toMatchObject({
        code: 'TOKEN_EXPIRED',
        kind: 'permission',
      });
      await commit('api', { kind: 'token.revoke', tokenId: 'tok_a' });
      await expect(commit('enroll', spend('k', 'mch_a'))).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      await expect(commit('enroll', { ...spend('k', 'mch_a'), tokenId: 'tok_x' } as Change)).rejects.toMatchObject({
        code: 'TOKEN_UNKNOWN',
      }); // spread of a union member
      const stored = await store.read.token('tok_a');
      expect(stored).toMatchObject({
        machineLabels: { rack: 'r1' },
        sourceCidrs: ['10.0.0.0/8'],
        revokedAtMs: nowMs,
        uses: 0,
      });
      expect(stored?.location).toEqual({ provider: 'home', region: 'eu', zone: 'z1' });
      expect([...(stored?.secretHmac ?? [])]).toEqual([9, 8, 7]);
      await store.close();
    });
  });
}
