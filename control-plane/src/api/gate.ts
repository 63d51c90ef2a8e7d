import type { Metadata } from '@grpc/grpc-js';
import type { ProjectRecord, Store } from '@flotilla/core';
import { FlotillaError, type Logger } from '@flotilla/kit';
import { actorOf, mayAct, type ApiKeyIdentity, type Identity, type MachineIdentity } from '../access/identity.js';
import { networkOf } from '../access/network.js';
import type { RpcPolicy } from './policy.js';
import type { Rates } from './rates.js';

/** What the gate needs to know a caller. */
export interface GateParts {
  readonly store: Pick<Store, 'read' | 'commit'>;
  readonly identifyKey: (text: string) => Promise<ApiKeyIdentity>;
  readonly identifyMachine: (certificate: Buffer) => Promise<MachineIdentity | undefined>;
  readonly connections: {
    certificateOf(peer: string): Buffer | undefined;
    advance(peer: string, phase: 'used' | 'known'): void;
  };
  readonly rates: Rates;
  readonly log: Logger;
}

/** What was asked, as far as the gate cares. */
export interface Knock {
  readonly method: string;
  readonly policy: RpcPolicy;
  readonly peer: string;
  readonly remoteAddress: string;
  readonly metadata: Metadata;
  /** Of the request message, when it has that field. */
  readonly project: string | undefined;
  readonly nowMs: number;
}

export interface Admitted {
  readonly identity: Identity;
  readonly project: ProjectRecord | undefined;
  /** Must be called when the call is over. */
  readonly done: () => void;
}

/** Decides who a caller is and whether it may; the order is: identity, rate, policy. */
export class Gate {
  constructor(private readonly parts: GateParts) {}

  /** Lets a call in or throws the FlotillaError to answer with. */
  async admit(knock: Knock): Promise<Admitted> {
    this.parts.connections.advance(knock.peer, 'used');
    const identity = await this.#identify(knock);
    const caller = identity.kind === 'anonymous' ? networkOf(knock.remoteAddress) : actorKey(identity);
    const done = this.parts.rates.begin(knock.policy.rate, caller);
    try {
      return { identity, project: await this.#allow(knock, identity), done };
    } catch (error) {
      done();
      throw error;
    }
  }

  async #identify(knock: Knock): Promise<Identity> {
    switch (knock.policy.identity) {
      case 'anonymous':
        return { kind: 'anonymous' };
      case 'api-key': {
        const key = await this.#identifyKey(knock);
        this.parts.connections.advance(knock.peer, 'known');
        return key;
      }
      case 'machine': {
        const certificate = this.parts.connections.certificateOf(knock.peer);
        const machine = certificate === undefined ? undefined : await this.parts.identifyMachine(certificate);
        if (machine === undefined) throw needsCertificate();
        if (machine.state !== 'revoked') this.parts.connections.advance(knock.peer, 'known');
        return machine;
      }
    }
  }

  async #identifyKey(knock: Knock): Promise<ApiKeyIdentity> {
    const [header] = knock.metadata.get('authorization');
    const match = /^Bearer ([\x21-\x7e]{1,200})$/.exec(typeof header === 'string' ? header : '');
    if (!match?.[1]) throw needsKey();
    try {
      return await this.parts.identifyKey(match[1]);
    } catch (error) {
      if (error instanceof FlotillaError && error.kind === 'unauthenticated') {
        this.parts.log.warn({ method: knock.method, remoteAddress: knock.remoteAddress }, 'an API key was refused');
        if (!this.parts.rates.guess(networkOf(knock.remoteAddress))) throw tooManyGuesses();
      }
      throw error;
    }
  }

  async #allow(knock: Knock, identity: Identity): Promise<ProjectRecord | undefined> {
    const { policy } = knock;
    if (policy.identity === 'machine' && identity.kind === 'machine') {
      const admitted = identity.state === 'valid' || identity.state === policy.admits;
      if (!admitted) throw certificateRefused(identity.state);
      return undefined;
    }
    if (policy.identity !== 'api-key' || identity.kind !== 'api-key') return undefined;
    const project = policy.scope === 'project' ? await this.#project(knock.project, identity) : undefined;
    if (
      policy.scope === 'project'
        ? project && mayAct(identity, policy.role, project.id)
        : mayAct(identity, policy.role, undefined)
    ) {
      return project;
    }
    if (policy.audit === 'write') await this.#recordRefusal(knock, identity);
    throw new FlotillaError(
      'PERMISSION_DENIED',
      `${knock.method} needs the role ${policy.role}${where(knock.project)}.`,
      {
        kind: 'permission',
        remedy: 'Ask an admin of the project for an API key with that role. Who you are: flotilla whoami',
      },
    );
  }

  /** Undefined for a project that is not the key's own, whether it exists or not: strangers learn nothing. */
  async #project(named: string | undefined, key: ApiKeyIdentity): Promise<ProjectRecord | undefined> {
    const own = await this.parts.store.read.project(key.projectId);
    return named === undefined || named === '' || named === own?.name || named === own?.id ? own : undefined;
  }

  async #recordRefusal(knock: Knock, identity: ApiKeyIdentity): Promise<void> {
    const entry = {
      projectId: identity.projectId,
      action: knock.method,
      resourceKind: 'project',
      resourceId: identity.projectId,
      result: 'REFUSED',
      details: { reason: 'PERMISSION_DENIED' },
    } as const;
    await this.parts.store.commit([{ kind: 'audit.append', entry }], {
      owner: 'api',
      nowMs: knock.nowMs,
      actor: actorOf(identity),
      remoteAddress: knock.remoteAddress,
    });
  }
}

function actorKey(identity: Identity): string {
  // By id: two keys may have the same name in two projects.
  if (identity.kind === 'api-key') return identity.id;
  return identity.kind === 'machine' ? identity.machineId : 'anonymous';
}

function where(project: string | undefined): string {
  return project === undefined || project === '' ? '' : ` in project ${project.slice(0, 80)}`;
}

function needsKey(): FlotillaError {
  return new FlotillaError('UNAUTHENTICATED', 'This call needs an API key.', {
    kind: 'unauthenticated',
    remedy:
      'Log in first: flotilla login --from <file>. Other clients send the metadata "authorization: Bearer flk_…".',
  });
}

function needsCertificate(): FlotillaError {
  return new FlotillaError(
    'UNAUTHENTICATED',
    'This call is for enrolled machines: a client certificate of this control plane is needed.',
    {
      kind: 'unauthenticated',
      remedy: 'Enroll the machine with a token: flotilla token create.',
    },
  );
}

function certificateRefused(state: 'revoked' | 'expired' | 'valid'): FlotillaError {
  const remedy =
    state === 'expired' ? 'Renew it first (RenewCertificate).' : 'Enroll the machine again: flotilla token create.';
  return new FlotillaError('CERTIFICATE_REFUSED', `The certificate of this machine is ${state}.`, {
    kind: 'unauthenticated',
    remedy,
  });
}

function tooManyGuesses(): FlotillaError {
  return new FlotillaError('RATE_LIMITED', 'Too many refused API keys from this address.', {
    kind: 'exhausted',
    retry: 'later',
    remedy: 'Wait a minute, then log in again with the right key: flotilla login.',
  });
}
