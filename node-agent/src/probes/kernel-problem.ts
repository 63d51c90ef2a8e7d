import type { KernelRecord } from '../host/host.js';
import { ConditionStatus } from '@flotilla/proto';
import { isFalse, isTrue, isUnknown, type Finding, type HostProbe, type ProbeContext } from './probe.js';

/** Long enough to be seen, however soon the matching probe works again. */
const shownMsMin = 60_000;
/** Of what happened before this process began, only the newest counts. */
const lookBackMs = 5 * 60_000;
const systemPrograms =
  /\((?:kubelet|containerd|containerd-shim\S*|systemd\S*|dbus-daemon|sshd|node|etcd|kube-apiserver)\)/;

interface Pattern {
  readonly reason: string;
  readonly matches: (text: string) => boolean;
  /** The probe that, by working, ends it; `value` is what it says then. */
  readonly cleared: { readonly by: string; readonly when: ConditionStatus };
}

const patterns: readonly Pattern[] = [
  {
    reason: 'FilesystemRemounted',
    matches: (text) => /Remounting filesystem read-only/i.test(text),
    cleared: { by: 'ReadonlyFilesystem', when: ConditionStatus.FALSE },
  },
  {
    reason: 'IoError',
    matches: (text) => /\bI\/O error, dev |Buffer I\/O error on dev/.test(text),
    cleared: { by: 'ReadonlyFilesystem', when: ConditionStatus.FALSE },
  },
  {
    reason: 'TaskHung',
    matches: (text) => /task \S+ blocked for more than \d+ seconds/.test(text),
    cleared: { by: 'ReadonlyFilesystem', when: ConditionStatus.FALSE },
  },
  {
    reason: 'SystemOutOfMemory',
    // What a pod loses to its own limit is the pod's business.
    matches: (text) => /^Out of memory: Killed process/.test(text) && systemPrograms.test(text),
    cleared: { by: 'MemoryPressure', when: ConditionStatus.FALSE },
  },
];

interface Standing {
  readonly pattern: Pattern;
  readonly text: string;
  readonly sinceMs: number;
}

/** Watches the kernel's log. A problem stands until the probe that would suffer from it works again, after it was seen. */
export function kernelProblem(): HostProbe {
  const standing = new Map<string, Standing>();
  let sequence = -1;
  let fromMs: number | undefined;

  const take = (records: readonly KernelRecord[], nowMs: number): void => {
    for (const record of records) {
      sequence = record.sequence;
      const pattern = record.atMs < (fromMs ?? 0) ? undefined : patterns.find(({ matches }) => matches(record.text));
      if (pattern !== undefined)
        standing.set(pattern.reason, { pattern, text: record.text.slice(0, 200), sinceMs: nowMs });
    }
  };

  return {
    type: 'KernelProblem',
    everyMs: 15_000,
    deadlineMs: 5_000,
    async read(context) {
      // The log holds all since boot.
      fromMs ??= (await uptimeMs(context)) - lookBackMs;
      const records = await context.host.kernelLog(sequence);
      if (records === undefined) return isUnknown('NotReadable', "the kernel's log may not be read here");
      take(records, context.clock.now().monotonicMs);
      for (const [reason, problem] of standing) if (isOver(problem, context)) standing.delete(reason);
      return verdict([...standing.values()]);
    },
  };
}

async function uptimeMs({ host }: ProbeContext): Promise<number> {
  return (Number(((await host.read('/proc/uptime')) ?? '').split(' ')[0] ?? '') || 0) * 1000;
}

function isOver({ pattern, sinceMs }: Standing, { clock, last }: ProbeContext): boolean {
  const probe = last(pattern.cleared.by);
  const worksAgain = probe?.finding.status === pattern.cleared.when && probe.atMs > sinceMs;
  return worksAgain && clock.now().monotonicMs - sinceMs >= shownMsMin;
}

function verdict(problems: readonly Standing[]): Finding {
  const [first] = problems;
  if (first === undefined) return isFalse('Quiet', 'the kernel reports nothing that harms this node');
  return isTrue(first.pattern.reason, problems.map(({ text }) => text).join('; '));
}
