import { MachineRole, type Problem } from '@flotilla/proto';
import { StepProblems, type Step, type StepContext } from '../step.js';
import type { CheckContext, PreflightCheck } from './check.js';
import { foreignCluster, foreignRuntime, ports } from './foreign-checks.js';
import { ipForward, modules, tools } from './kernel-checks.js';
import { cgroup, clock, cpus, hostname, kernel, machineId, memory, os, root, systemd } from './machine-checks.js';
import { apiEndpoint, artifacts } from './reach-checks.js';
import { disk, filesystems, swap } from './space-checks.js';

/** Every check there is; doctor, preflight and the list of names to skip are this. */
export const preflightChecks: readonly PreflightCheck[] = [
  root,
  os,
  systemd,
  cgroup,
  kernel,
  memory,
  cpus,
  disk,
  swap,
  filesystems,
  hostname,
  machineId,
  clock,
  modules,
  ipForward,
  tools,
  ports,
  foreignCluster,
  foreignRuntime,
  artifacts,
  apiEndpoint,
];

/** How long until a failed preflight is run again by itself. */
export const preflightRetryMs = 60_000;

export interface CheckResult {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly problems: readonly Problem[];
}

/** Runs them all, whatever fails; a check that itself breaks is a failure with its reason, never a silent pass. */
export async function runChecks(context: CheckContext, skipped: readonly string[]): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of preflightChecks) {
    if (skipped.includes(check.name)) {
      results.push({ name: check.name, state: 'skipped', problems: [] });
      continue;
    }
    try {
      const { problems, warnings } = await check.run(context);
      const state = problems.length > 0 ? 'failed' : warnings.length > 0 ? 'warning' : 'ok';
      results.push({ name: check.name, state, problems: [...problems, ...warnings] });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const remedy = `If it cannot be cured, the check can be skipped by its name: ${check.name}`;
      results.push({
        name: check.name,
        state: 'failed',
        problems: [{ code: 'CHECK_BROKEN', message: `${check.name}: ${message}`, remedy }],
      });
    }
  }
  return results;
}

export function checkContextOf(context: StepContext): CheckContext {
  return {
    host: context.host,
    facts: context.facts,
    target: context.target,
    controlPlane: context.target.role === MachineRole.CONTROL_PLANE,
    clockSkewMs: context.clockSkewMs,
    artifacts: context.artifacts,
    changes: context.changes,
    joined: context.memory.membership()?.state === 'joined',
  };
}

/** All checks before anything is changed on the host. All failures are told at once, each with its cure. */
export const preflight: Step = {
  name: 'preflight',
  phase: 'preflight',
  deadlineMs: 120_000,
  doneKey: ({ target }) => `${target.nodeId}/${target.artifactManifestSha256}`,
  check: () => Promise.resolve('needed'),
  async apply(context) {
    const results = await runChecks(checkContextOf(context), context.target.skippedChecks);
    const failed = results.filter(({ state }) => state === 'failed');
    for (const { name, problems } of results.filter(({ state }) => state === 'warning')) {
      context.log.warn(
        { check: name, codes: problems.map(({ code }) => code) },
        problems.map(({ message }) => message).join('; '),
      );
    }
    if (failed.length > 0) {
      context.progress(`${failed.length} of ${results.length} checks`);
      throw new StepProblems(
        failed.flatMap(({ problems }) => problems),
        'later',
        preflightRetryMs,
      );
    }
    const skipped = results.filter(({ state }) => state === 'skipped').map(({ name }) => name);
    context.progress(
      `${results.length - skipped.length}/${results.length}${skipped.length === 0 ? '' : `, skipped ${skipped.join(', ')}`}`,
    );
  },
};
