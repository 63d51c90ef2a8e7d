import { X509Certificate } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { systemClock, type Clock } from '@flotilla/kit';
import { EnrollmentServiceClient } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeAgent, csrDer, signWith } from '../testing/fake-agent.js';
import { openOperator, seenError, type Operator } from '../testing/operator.js';
import { openTestServer, type TestServer } from '../testing/server.js';
import { enrollMessage } from './proof.js';
import { newKey } from './x509.js';

let server: TestServer;
let operator: Operator;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

const newAgent = (): FakeAgent => new FakeAgent(server.port, server.admin.caPem);

async function newToken(over: object = {}): Promise<string> {
  return (await operator.tokens.createToken(over)).secret;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return seenError(
    await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    ),
  ).reason;
}

describe('enrolment', () => {
  it('fault-9: of 1,000 machines that race for one use, exactly one enrolls', async () => {
    const token = await newToken();
    const client = new EnrollmentServiceClient(
      `127.0.0.1:${server.port}`,
      grpc.credentials.createSsl(Buffer.from(server.admin.caPem)),
    );
    const serverCertificateHash = await newAgent().serverCertificateHash();
    const racers = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const agent = newAgent();
        agent.serverCertificateHash = () => Promise.resolve(serverCertificateHash);
        const { nonce } = await agent.begin(client, token);
        return agent.finishRequest(token, nonce);
      }),
    );
    const outcomes = await Promise.all(
      racers.map(
        (request) =>
          new Promise<string>((resolve) =>
            client.finishEnrollment(request, (error) => resolve(error === null ? 'enrolled' : seenError(error).reason)),
          ),
      ),
    );
    client.close();
    expect(outcomes.filter((outcome) => outcome === 'enrolled')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['enrolled', 'TOKEN_REFUSED']));
    const { tokens } = await operator.tokens.listTokens();
    expect(tokens.find(({ meta }) => token.startsWith(meta?.name ?? 'none'))?.uses).toBe(1);
  }, 60_000);

  it('fault-2: a repeat with the same key gets the same machine and spends nothing', async () => {
    const token = await newToken();
    const agent = newAgent();
    const first = await agent.enroll(token);
    const second = await agent.enroll(token);
    expect(second.machineId).toBe(first.machineId);
    expect(second.certificateChain).not.toBe(first.certificateChain);
  });

  it('fault-11: writes the certificate itself, whatever the request asks for', async () => {
    const agent = newAgent();
    const { certificateChain, machineId } = await agent.enroll(await newToken());
    const certificate = new X509Certificate(certificateChain);
    expect(certificate.subject).toBe(`CN=${machineId}`);
    expect(certificate.ca).toBe(false);
    expect(certificate.subjectAltName).toMatch(
      new RegExp(`^URI:spiffe://flotilla/ins_\\w+/project/prj_\\w+/machine/${machineId}$`),
    );
    // Client authentication, and nothing else.
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    const lifeMs = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom);
    expect(lifeMs).toBe(24 * 3_600_000 + 5 * 60_000);
    expect(certificate.verify(new X509Certificate(server.admin.caPem).publicKey)).toBe(true);
  });

  it('takes a nonce once, and only with the key it was given for', async () => {
    const token = await newToken({ maxUses: 5 });
    const agent = newAgent();
    let first: Uint8Array = Buffer.alloc(0);
    await agent.enroll(token, (request) => {
      first = request.nonce;
    });
    const replayed = agent.enroll(token, async (request) => {
      Object.assign(request, await agent.finishRequest(token, Buffer.from(first)));
    });
    expect(await refusal(replayed)).toBe('ENROLL_NONCE_REFUSED');
    const other = newAgent();
    const stolen = agent.enroll(token, async (request) => {
      Object.assign(request, await other.finishRequest(token, Buffer.from(request.nonce)));
    });
    expect(await refusal(stolen)).toBe('ENROLL_NONCE_REFUSED');
  });

  it('refuses a signature by another key, and one made for another channel', async () => {
    const token = await newToken();
    const wrongKey = newAgent().enroll(token, (request) => {
      request.signature = signWith(newKey(), Buffer.from('anything'));
    });
    expect(await refusal(wrongKey)).toBe('PROOF_REFUSED');
    const relayed = newAgent();
    const otherChannel = relayed.enroll(token, (request) => {
      const message = enrollMessage({
        nonce: request.nonce,
        identityKey: request.identityPublicKey,
        tlsCsr: request.tlsCsr,
        serverCertificateHash: Buffer.alloc(32),
      });
      request.signature = signWith(relayed.identity, message);
    });
    expect(await refusal(otherChannel)).toBe('PROOF_REFUSED');
    // Neither spent the token.
    await newAgent().enroll(token);
  });

  it('refuses a TLS key that is the identity key, and a CSR that is none', async () => {
    const token = await newToken();
    const agent = newAgent();
    agent.tls = agent.identity;
    expect(await refusal(agent.enroll(token))).toBe('KEY_REFUSED');
    const garbage = newAgent().enroll(token, (request) => {
      request.tlsCsr = Buffer.from('no request');
    });
    expect(await refusal(garbage)).toBe('CSR_REFUSED');
  });

  it('fault-10: answers wrong secret, revoked and foreign address alike', async () => {
    const token = await newToken({ maxUses: 5 });
    expect(await refusal(newAgent().enroll(`${token}x`))).toBe('TOKEN_REFUSED');
    expect(await refusal(newAgent().enroll(await newToken({ sourceCidrs: ['203.0.113.0/24'] })))).toBe('TOKEN_REFUSED');
    await newAgent().enroll(await newToken({ sourceCidrs: ['127.0.0.0/8'] }));
    await operator.tokens.revokeToken({ token: token.split('.')[0] ?? '' });
    expect(await refusal(newAgent().enroll(token))).toBe('TOKEN_REFUSED');
    const { events } = await operator.events.listEvents({ resourceKind: 'token' });
    const texts = events.map(({ message }) => message).join('\n');
    for (const reason of ['its secret is wrong', 'the address is not among those it is for', 'it was revoked']) {
      expect(texts).toContain(reason);
    }
  });

  it('gives two machines of one host name different names', async () => {
    const token = await newToken({ maxUses: 2 });
    const names = [await newAgent().enroll(token), await newAgent().enroll(token)].map(
      ({ machineName }) => machineName,
    );
    expect(new Set(names).size).toBe(2);
  });
});

describe('renewal', () => {
  it('gives a new certificate for a new key, signed for by the identity key only', async () => {
    const agent = newAgent();
    await agent.enroll(await newToken());
    const before = agent.chain;
    await agent.renew();
    expect(agent.chain).not.toBe(before);
    await agent.renew();
    expect(await refusal(agent.renew(newKey()))).toBe('PROOF_REFUSED');
    agent.close();
  });

  it('works with an expired certificate, and nothing else does: a machine that was off for days comes back', async () => {
    // The server lives two days ago, then now: to TLS itself the certificate is long expired.
    let offsetMs = -48 * 3_600_000;
    const clock: Clock = {
      ...systemClock,
      now: () => ({ ...systemClock.now(), wallMs: systemClock.now().wallMs + offsetMs }),
    };
    const past = await openTestServer({ clock });
    const asker = openOperator(past.port, past.admin.caPem, past.admin.apiKey);
    const { secret } = await asker.tokens.createToken();
    const agent = new FakeAgent(past.port, past.admin.caPem);
    await agent.enroll(secret);
    offsetMs = 0;
    const early = agent.connect();
    await early.end();
    expect(seenError(early.error).reason).toBe('CERTIFICATE_REFUSED');
    await agent.renew();
    const stream = agent.connect();
    await stream.next('welcome');
    stream.cancel();
    agent.close();
    asker.close();
    await past.remove();
  });

  it('is refused without a certificate of ours', async () => {
    const tlsCsr = await csrDer(newKey());
    expect(await refusal(operator.agents.renewCertificate({ tlsCsr, signature: Buffer.alloc(8) }))).toBe(
      'UNAUTHENTICATED',
    );
  });
});
