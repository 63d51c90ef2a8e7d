import type { ProjectRecord, Store } from '@flotilla/core';
import { FlotillaError, type Logger } from '@flotilla/kit';
import { Role } from '@flotilla/proto';
import {
  actorOf,
  mayActInInstance,
  mayActInProject,
  subjectOf,
  type ApiKeyIdentity,
  type Identity,
  type MachineIdentity,
} from '../access/identity.js';
import { networkOf } from '../access/network.js';
import type { ProjectPolicy, RpcPolicy } from './policy.js';
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
  /** What the caller sent to say who it is: `Bearer flk_…`. */
  readonly authorization: string | undefined;
  /** Of the request message, when it has that field. */
  readonly project: string | undefined;
  readonly nowMs: number;
}

export interface Admitted {
  readonly identity: Identity;
  /** For logs and the audit log. */
  readonly actor: string;
  readonly project: ProjectRecord | undefined;
  /** The caller's role in the project; UNSPECIFIED without one. */
  readonly role: Role;
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
      return { identity, ...(await this.#allow(knock, identity)), done };
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
    const match = /^Bearer ([\x21-\x7e]{1,200})$/.exec(knock.authorization ?? '');
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

  async #allow(knock: Knock, identity: Identity): Promise<Omit<Admitted, 'identity' | 'done'>> {
    const { policy } = knock;
    const nowhere = { project: undefined, role: Role.UNSPECIFIED, actor: actorOf(identity) };
    if (policy.identity === 'machine' && identity.kind === 'machine') {
      const admitted = identity.state === 'valid' || identity.state === policy.admits;
      if (!admitted) throw certificateRefused(identity.state);
      return nowhere;
    }
    if (policy.identity !== 'api-key' || identity.kind !== 'api-key') return nowhere;
    if (policy.scope === 'project') {
      const place = await this.#place(knock.project, identity);
      if (place !== undefined && mayActInProject(place.role, policy.role)) return place;
    } else if (mayActInInstance(identity.role, policy.role)) return nowhere;
    if (policy.audit === 'write') await this.#recordRefusal(knock, identity);
    throw refused(knock, policy.role);
  }

  /**
   * The project that was named and the key's role there: its own, or what it was given as a member. Undefined where it
   * has none, whether the project exists or not: strangers learn nothing.
   */
  async #place(
    named: string | undefined,
    key: ApiKeyIdentity,
  ): Promise<(Pick<Admitted, 'role' | 'actor'> & { readonly project: ProjectRecord }) | undefined> {
    const { read } = this.parts.store;
    const own = await read.project(key.projectId);
    const isOwn = named === undefined || named === '' || named === own?.name || named === own?.id;
    const project = isOwn ? own : await read.project(named);
    if (project === undefined || project.goneAtMs !== undefined) return undefined;
    if (isOwn && key.role !== Role.INSTANCE_ADMIN) return { project, role: key.role, actor: actorOf(key) };
    const member = await read.member(project.id, subjectOf(key));
    // The name of a key is unique in its own project only.
    const actor = isOwn ? actorOf(key) : `api-key:${own?.name ?? key.projectId}/${key.name}`;
    return member === undefined ? undefined : { project, role: member.role, actor };
  }

  async #recordRefusal(knock: Knock, identity: ApiKeyIdentity): Promise<void> {
    const entry = {
      projectId: identity.projectId,
      action: knock.method,
      resourceKind: 'project',
      resourceId: identity.projectId,
      result: 'REFUSED',
      details: { reason: 'PERMISSION_DENIED', project: (knock.project ?? '').slice(0, 80) },
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

function refused(knock: Knock, role: ProjectPolicy['role'] | 'INSTANCE_ADMIN'): FlotillaError {
  const { project } = knock;
  const where = project === undefined || project === '' ? '' : ` in project ${project.slice(0, 80)}`;
  return new FlotillaError('PERMISSION_DENIED', `${knock.method} needs the role ${role}${where}.`, {
    kind: 'permission',
    remedy: 'Ask an admin of the project for an API key with that role. Who you are: flotilla whoami',
  });
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
