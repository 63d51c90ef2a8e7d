import { FlotillaError } from '@flotilla/kit';
import type { Host } from '../../host/host.js';
import {
  listMembers,
  memberHealthy,
  readOwnEtcd,
  removeMember,
  type EtcdMember,
  type OwnEtcd,
} from '../etcd-members.js';
import { StepProblems, type Step, type StepContext } from '../step.js';

/** Name by which an operator may say that the member cannot be removed and shall be left behind. */
export const skipEtcdName = 'etcd-member';

interface Seen {
  readonly url: string;
  readonly members: readonly EtcdMember[];
}

/** The members as the first one that answers knows them. */
async function firstAnswer(host: Host, { clientUrls }: OwnEtcd): Promise<Seen | undefined> {
  for (const url of clientUrls) {
    try {
      return { url, members: await listMembers(host, url) };
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
    }
  }
  return undefined;
}

function isOwn(own: OwnEtcd, member: EtcdMember): boolean {
  return member.peerUrls.includes(own.peerUrl);
}

/** Voters of the cluster beside this host's own; undefined when no member answers. */
export async function otherVoters(host: Host): Promise<readonly EtcdMember[] | undefined> {
  const own = await readOwnEtcd(host);
  if (own === undefined) return [];
  const seen = await firstAnswer(host, own);
  return seen?.members.filter((member) => !member.isLearner && !isOwn(own, member));
}

function unreachable(): StepProblems {
  return new StepProblems(
    [
      {
        code: 'ETCD_UNREACHABLE',
        message: 'no member of etcd answers, so this one cannot be taken out of it',
        remedy: `Start the other control-plane machines, or this one's kubelet. If the cluster is given up: sudo flotilla-agent leave --skip ${skipEtcdName}`,
      },
    ],
    'later',
    30_000,
  );
}

function quorumAtRisk(healthy: number, others: number, needed: number): StepProblems {
  return new StepProblems(
    [
      {
        code: 'ETCD_QUORUM_AT_RISK',
        message: `without this member etcd would have ${others} members, of which ${needed} must be well; ${healthy} are`,
        remedy: 'Repair or replace the other control-plane machines first, then try again: flotilla retry node NAME',
      },
    ],
    'never',
  );
}

/**
 * Takes this host's member out of etcd while the others can still agree to it, before anything is stopped. Refused where
 * the rest would not have a majority. The last member goes with its cluster.
 */
export const leaveEtcd: Step = {
  name: 'leave-etcd',
  phase: 'leave',
  deadlineMs: 120_000,
  doneKey: ({ memory }) => memory.membership()?.nodeId ?? 'none',
  async check({ host, memory, target }) {
    const membership = memory.membership();
    if (membership?.role !== 'control-plane' || membership.state !== 'joined') return 'done';
    if (target.skippedChecks.includes(skipEtcdName)) return 'done';
    return (await readOwnEtcd(host)) === undefined ? 'done' : 'needed';
  },
  async apply(context) {
    const { host, log } = context;
    const own = await readOwnEtcd(host);
    if (own === undefined) return;
    const seen = await firstAnswer(host, own);
    if (seen === undefined) {
      // It never had company, as far as it knows: what it holds ends with it.
      if (own.clientUrls.length === 1) return;
      throw unreachable();
    }
    const mine = seen.members.find((member) => isOwn(own, member));
    const others = seen.members.filter((member) => !member.isLearner && !isOwn(own, member));
    if (mine === undefined || others.length === 0) return;
    const through = await expectQuorum(context, others);
    await removeMember(host, through, mine.id);
    if ((await listMembers(host, through)).some((member) => isOwn(own, member)))
      throw new FlotillaError('ETCD_NOT_REMOVED', 'etcd still lists this member', { kind: 'unavailable' });
    log.info({ member: mine.name, left: others.length }, 'left etcd');
  },
};

/** URL of another member that is well; throws when those that stay could not decide anything. */
async function expectQuorum({ host }: StepContext, others: readonly EtcdMember[]): Promise<string> {
  const healthy: EtcdMember[] = [];
  for (const member of others) if (await memberHealthy(host, member)) healthy.push(member);
  const needed = Math.floor(others.length / 2) + 1;
  const url = healthy[0]?.clientUrls[0];
  if (healthy.length < needed || url === undefined) throw quorumAtRisk(healthy.length, others.length, needed);
  return url;
}
