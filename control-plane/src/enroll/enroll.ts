import { machineNameOf, type Change, type MachineRecord, type Store, type TokenRecord } from '@flotilla/core';
import { FlotillaError, newId, type Clock, type Logger, type Random } from '@flotilla/kit';
import { EventSeverity, type FinishEnrollmentRequest, type FinishEnrollmentResponse } from '@flotilla/proto';
import { isIP } from 'node:net';
import type { Authority } from './authority.js';
import { parseFacts } from './facts.js';
import type { Nonces } from './nonces.js';
import { enrollMessage, provenBy } from './proof.js';
import { keyedHash, parseToken, printedTokenId, sameHash } from './token-format.js';
import { addressList } from './addresses.js';
import { parseP256Spki, publicKeyOfCsr, sha256, type IssuedCertificate } from './x509.js';

export interface EnrollParts {
  readonly store: Pick<Store, 'read' | 'commit'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly authority: Authority;
  readonly nonces: Nonces;
  readonly pepper: Uint8Array;
}

/** Where a request comes from, and when. */
export interface Caller {
  readonly nowMs: number;
  readonly remoteAddress: string;
}

/** What was proved about the request before the store is touched. */
interface Proven {
  readonly tokenId: string;
  readonly secret: string;
  readonly identityKey: Buffer;
  readonly identityKeySha256: string;
  readonly tlsKey: Buffer;
  readonly installId: string;
}

/** The same refusal again is recorded after this time. */
const sameRefusalMs = 10_000;
const refusalsMax = 10_000;

type RefusalReason = 'malformed' | 'unknown' | 'wrong-secret' | 'revoked' | 'expired' | 'used-up' | 'source-address';

/** Gives machines their identity. Strangers learn one error only; the precise reason goes to the audit log and an event. */
export class Enrollment {
  /** When a refusal was recorded, oldest first. */
  readonly #refusedAtMs = new Map<string, number>();

  constructor(private readonly parts: EnrollParts) {}

  /** A nonce for one FinishEnrollment with this token id and key. The same work and answer for any token id. */
  begin(request: { readonly tokenId: string; readonly identityKeySha256: Uint8Array }): Buffer {
    if (request.identityKeySha256.length !== 32 || !/^[a-z0-9]{1,40}$/.test(request.tokenId)) {
      throw new FlotillaError('MALFORMED_REQUEST', 'The request names no token id and key hash.', {
        kind: 'invalid-argument',
      });
    }
    return this.parts.nonces.issue(binding(`tok_${request.tokenId}`, request.identityKeySha256));
  }

  /** Spends one use of the token and returns the machine's identity; a repeat with the same key gets the same machine. */
  async finish(request: FinishEnrollmentRequest, caller: Caller): Promise<FinishEnrollmentResponse> {
    const proven = await this.#prove(request);
    const token = await this.#token(proven, caller);
    const earlier = await this.parts.store.read.tokenSpend(token.id, proven.identityKeySha256);
    if (earlier !== undefined) return this.#again(earlier.machineId, proven, caller);
    // The commit decides; what is hopeless already shall not cost a signature.
    const hopeless = spentReason(token, caller.nowMs);
    if (hopeless !== undefined) throw await this.#refuse(hopeless, token, token.id, caller);
    const facts = parseFacts(request.facts);
    const machineId = newId('mch', this.parts.random);
    const certificate = await this.#certify(token.projectId, machineId, proven);
    const machine = {
      id: machineId,
      projectId: token.projectId,
      name: machineNameOf(facts.hostname),
      labels: token.machineLabels,
      location: token.location,
      wantedPoolId: token.poolId,
      tokenId: token.id,
      identityKeySha256: proven.identityKeySha256,
      identityKey: proven.identityKey,
      installId: proven.installId,
      facts,
      remoteAddress: caller.remoteAddress,
    };
    try {
      await this.parts.store.commit(
        [
          { kind: 'token.spend', tokenId: token.id, identityKeySha256: proven.identityKeySha256, machineId },
          { kind: 'machine.register', machine },
          certificateChange(machineId, certificate, proven.tlsKey),
          ...enrolled(token, machineId, proven),
        ],
        { owner: 'enroll', nowMs: caller.nowMs, actor: `token:${token.id}`, remoteAddress: caller.remoteAddress },
      );
    } catch (error) {
      const first = error instanceof FlotillaError ? error.metadata['machineId'] : undefined;
      if (error instanceof FlotillaError && error.code === 'TOKEN_SPENT_BY_THIS_KEY' && first !== undefined) {
        return this.#again(first, proven, caller);
      }
      throw await this.#asRefusal(error, token, caller);
    }
    return this.#answer(machineId, certificate, caller);
  }

  async #prove(request: FinishEnrollmentRequest): Promise<Proven> {
    const token = parseToken(request.token);
    const identityKey = parseP256Spki(request.identityPublicKey, 'identity_public_key');
    const keyHash = sha256(identityKey);
    const bound = binding(token?.id ?? 'tok_', keyHash);
    // Used up before anything else is looked at: one nonce, one attempt.
    if (!this.parts.nonces.take(request.nonce, bound)) throw nonceRefused();
    const tlsKey = await publicKeyOfCsr(request.tlsCsr);
    if (tlsKey.equals(identityKey)) throw sameKey();
    const proven = this.parts.authority.serverCertificateHashes.some((serverCertificateHash) =>
      provenBy(
        identityKey,
        enrollMessage({
          nonce: request.nonce,
          identityKey: request.identityPublicKey,
          tlsCsr: request.tlsCsr,
          serverCertificateHash,
        }),
        request.signature,
      ),
    );
    if (!proven) throw proofRefused();
    if (!/^[\x21-\x7e]{1,128}$/.test(request.installId)) {
      throw new FlotillaError('MALFORMED_REQUEST', 'install_id must be 1 to 128 printable characters.', {
        kind: 'invalid-argument',
      });
    }
    return {
      tokenId: token?.id ?? '',
      secret: token?.secret ?? '',
      identityKey,
      identityKeySha256: keyHash.toString('hex'),
      tlsKey,
      installId: request.installId,
    };
  }

  /** The token that was shown, or the one refusal. Whether uses are left is for the commit to say. */
  async #token(proven: Proven, caller: Caller): Promise<TokenRecord> {
    const { tokenId, secret } = proven;
    const record = tokenId === '' ? undefined : await this.parts.store.read.token(tokenId);
    // Hashed in any case: an unknown id costs the same time.
    const hash = keyedHash(this.parts.pepper, 'token', tokenId, secret);
    if (record === undefined)
      throw await this.#refuse(tokenId === '' ? 'malformed' : 'unknown', undefined, tokenId, caller);
    if (!sameHash(hash, Buffer.from(record.secretHmac).toString('hex'))) {
      throw await this.#refuse('wrong-secret', record, tokenId, caller);
    }
    if (!fromAllowed(record.sourceCidrs, caller.remoteAddress)) {
      throw await this.#refuse('source-address', record, tokenId, caller);
    }
    return record;
  }

  async #again(machineId: string, proven: Proven, caller: Caller): Promise<FinishEnrollmentResponse> {
    const machine = await this.parts.store.read.machine(machineId);
    if (machine === undefined || machine.retireRequestedAtMs !== undefined) throw tokenRefused();
    const certificate = await this.#certify(machine.projectId, machineId, proven);
    await this.parts.store.commit([certificateChange(machineId, certificate, proven.tlsKey)], {
      owner: 'enroll',
      nowMs: caller.nowMs,
      actor: `machine:${machineId}`,
      remoteAddress: caller.remoteAddress,
    });
    return this.#answer(machineId, certificate, caller);
  }

  #certify(projectId: string, machineId: string, { tlsKey }: Proven): Promise<IssuedCertificate> {
    return this.parts.authority.issueMachine({ projectId, machineId, publicKey: tlsKey });
  }

  async #answer(machineId: string, certificate: IssuedCertificate, caller: Caller): Promise<FinishEnrollmentResponse> {
    const { read } = this.parts.store;
    const machine = await read.machine(machineId);
    if (machine === undefined) throw new FlotillaError('INTERNAL', `machine ${machineId} vanished after its enrolment`);
    const [project, pool] = await Promise.all([read.project(machine.projectId), poolOf(read, machine)]);
    return {
      machineId,
      machineName: machine.name,
      project: project?.name ?? '',
      certificateChain: certificate.pem,
      caBundle: this.parts.authority.caPem,
      serverTime: new Date(caller.nowMs),
      cluster: pool?.clusterName ?? '',
      pool: pool?.name ?? '',
    };
  }

  async #asRefusal(error: unknown, token: TokenRecord, caller: Caller): Promise<unknown> {
    const reason = error instanceof FlotillaError ? commitRefusals[error.code] : undefined;
    return reason === undefined ? error : this.#refuse(reason, token, token.id, caller);
  }

  /** Records why, and returns the error that says no more than it may. */
  async #refuse(
    reason: RefusalReason,
    token: TokenRecord | undefined,
    tokenId: string,
    caller: Caller,
  ): Promise<FlotillaError> {
    this.parts.log.warn({ tokenId, reason, remoteAddress: caller.remoteAddress }, 'an enrolment was refused');
    // Nobody shall fill the journals with invented ids, or by trying one token in a loop.
    if (token !== undefined && this.#worthRecording(`${token.id} ${reason} ${caller.remoteAddress}`)) {
      await this.parts.store.commit(refusalRows(reason, token), {
        owner: 'enroll',
        nowMs: caller.nowMs,
        actor: `token:${token.id}`,
        remoteAddress: caller.remoteAddress,
      });
    }
    return tokenRefused();
  }

  #worthRecording(key: string): boolean {
    const nowMs = this.parts.clock.now().monotonicMs;
    for (const [old, atMs] of this.#refusedAtMs) {
      if (nowMs - atMs < sameRefusalMs && this.#refusedAtMs.size < refusalsMax) break;
      this.#refusedAtMs.delete(old);
    }
    if (this.#refusedAtMs.has(key)) return false;
    this.#refusedAtMs.set(key, nowMs);
    return true;
  }
}

const commitRefusals: Readonly<Record<string, RefusalReason>> = {
  TOKEN_UNKNOWN: 'unknown',
  TOKEN_REVOKED: 'revoked',
  TOKEN_EXPIRED: 'expired',
  TOKEN_USED_UP: 'used-up',
};

const refusalTexts: Readonly<Record<RefusalReason, string>> = {
  malformed: 'it has not the shape of a token',
  unknown: 'there is no such token',
  'wrong-secret': 'its secret is wrong',
  revoked: 'it was revoked',
  expired: 'it has expired',
  'used-up': 'all its uses are spent',
  'source-address': 'the address is not among those it is for',
};

function spentReason(token: TokenRecord, nowMs: number): RefusalReason | undefined {
  if (token.revokedAtMs !== undefined) return 'revoked';
  if (token.expiresAtMs <= nowMs) return 'expired';
  return token.uses >= token.maxUses ? 'used-up' : undefined;
}

function binding(tokenId: string, identityKeySha256: Uint8Array): string {
  return `${tokenId} ${Buffer.from(identityKeySha256).toString('hex')}`;
}

function certificateChange(machineId: string, certificate: IssuedCertificate, tlsKey: Uint8Array): Change {
  return {
    kind: 'certificate.set',
    certificate: {
      serial: certificate.serial,
      machineId,
      spkiSha256: sha256(tlsKey).toString('hex'),
      notBeforeMs: certificate.notBeforeMs,
      notAfterMs: certificate.notAfterMs,
    },
  };
}

function enrolled(token: TokenRecord, machineId: string, proven: Proven): Change[] {
  const purpose = token.poolName === '' ? 'a spare' : `for pool ${token.poolName} of ${token.clusterName}`;
  return [
    {
      kind: 'event.append',
      event: {
        projectId: token.projectId,
        resourceKind: 'machine',
        resourceId: machineId,
        severity: EventSeverity.NORMAL,
        category: 'Lifecycle',
        reason: 'MachineEnrolled',
        message: `The machine enrolled as ${purpose}, with token ${token.id.replace(/^tok_/, '')}.`,
      },
    },
    {
      kind: 'audit.append',
      entry: {
        projectId: token.projectId,
        action: 'machine.enroll',
        resourceKind: 'machine',
        resourceId: machineId,
        result: 'OK',
        details: { token: token.id, identityKeySha256: proven.identityKeySha256 },
      },
    },
  ];
}

function refusalRows(reason: RefusalReason, token: TokenRecord): Change[] {
  return [
    {
      kind: 'event.append',
      event: {
        projectId: token.projectId,
        resourceKind: 'token',
        resourceId: token.id,
        resourceName: printedTokenId(token.id),
        severity: EventSeverity.WARNING,
        category: 'Access',
        reason: 'EnrollmentRefused',
        message: `A machine tried this token and was refused: ${refusalTexts[reason]}.`,
      },
    },
    {
      kind: 'audit.append',
      entry: {
        projectId: token.projectId,
        action: 'machine.enroll',
        resourceKind: 'token',
        resourceId: token.id,
        result: 'REFUSED',
        details: { reason },
      },
    },
  ];
}

async function poolOf(read: Store['read'], machine: MachineRecord) {
  return machine.wantedPoolId === '' ? undefined : read.pool(machine.wantedPoolId);
}

function fromAllowed(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true;
  const family = isIP(address);
  return family !== 0 && addressList(cidrs)?.check(address, family === 6 ? 'ipv6' : 'ipv4') === true;
}

/** One text for every reason: a stranger must not learn which tokens exist. */
function tokenRefused(): FlotillaError {
  return new FlotillaError(
    'TOKEN_REFUSED',
    'This enrolment token is not accepted: unknown, used, expired or revoked.',
    {
      kind: 'unauthenticated',
      remedy: 'Ask for a new one: flotilla token create. The exact reason stands there: flotilla get events',
    },
  );
}

function nonceRefused(): FlotillaError {
  return new FlotillaError(
    'ENROLL_NONCE_REFUSED',
    'The challenge is unknown, used, older than 60 s, or was for another key.',
    {
      kind: 'precondition',
      retry: 'now',
      remedy: 'Begin the enrolment again; the agent does so by itself.',
    },
  );
}

function proofRefused(): FlotillaError {
  return new FlotillaError('PROOF_REFUSED', 'The signature does not prove the identity key on this connection.', {
    kind: 'unauthenticated',
    remedy: 'If something between the machine and the server opens TLS, take it out of the way.',
  });
}

function sameKey(): FlotillaError {
  return new FlotillaError('KEY_REFUSED', 'The identity key must never do TLS: make two keys.', {
    kind: 'invalid-argument',
  });
}
