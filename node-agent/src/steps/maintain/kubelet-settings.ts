import { kubeletHealthy } from '../../host/kubelet.js';
import { lastLine, systemctl } from '../../host/units.js';
import {
  putSettings,
  readSettingsRecord,
  settingsDir,
  settingsFile,
  settingsText,
  settledRecord,
  sha256Of,
  writeSettingsRecord,
} from '../kubelet-settings.js';
import { StepProblems, type Step, type StepContext } from '../step.js';

const startMsMax = 60_000;
/** A kubelet that cannot live with its settings dies within seconds of being well. */
const steadyLooks = 3;
const lookEveryMs = 2_000;

function previousPath(stateDir: string): string {
  return `${stateDir}/kubelet-settings-before.conf`;
}

function refusal(why: string): StepProblems {
  return new StepProblems(
    [
      {
        code: 'KUBELET_SETTINGS_REFUSED',
        message: `the kubelet does not run with the pool's new settings and has its old ones back: ${why}`,
        remedy: "Correct the kubelet settings in the pool's template; or try again: flotilla retry node NAME",
      },
    ],
    'never',
  );
}

/**
 * Gives the kubelet of a joined node the settings of its pool. It is restarted only when they differ from those it runs
 * with (its pods run on); one that does not come up with them gets its old ones back, once, and a person is asked.
 */
export const kubeletSettings: Step = {
  name: 'kubelet-settings',
  phase: 'maintenance',
  deadlineMs: 300_000,
  async check(context) {
    const text = settingsText(context.target.kubelet);
    const record = await readSettingsRecord(context);
    const { refused } = record ?? {};
    if (refused?.sha256 === sha256Of(text) && refused.generation === String(context.target.generation))
      throw refusal(refused.why);
    const wanted = settledRecord(context.target);
    const inPlace = (await context.host.read(settingsFile)) === text;
    if (!inPlace || record?.appliedSha256 !== wanted.appliedSha256) return 'needed';
    return record.templateRevision === wanted.templateRevision ? 'done' : 'needed';
  },
  async apply(context) {
    const { host, stateDir, target } = context;
    const wanted = settledRecord(target);
    const record = await readSettingsRecord(context);
    if (
      record?.appliedSha256 === wanted.appliedSha256 &&
      (await host.read(settingsFile)) === settingsText(target.kubelet)
    )
      // The template changed in something else: the kubelet has what it asks for.
      return writeSettingsRecord(context, wanted);
    await keepPrevious(context, record?.appliedSha256);
    await putSettings(context);
    const trouble = await restart(context);
    if (trouble === undefined) {
      await writeSettingsRecord(context, wanted);
      await host.remove(previousPath(stateDir));
      return;
    }
    await rollBack(context);
    await writeSettingsRecord(context, {
      appliedSha256: record?.appliedSha256 ?? '',
      templateRevision: record?.templateRevision ?? 0,
      refused: { sha256: wanted.appliedSha256, generation: String(target.generation), why: trouble },
    });
    await host.remove(previousPath(stateDir));
    throw refusal(trouble);
  },
};

/** What the kubelet runs with now; kept until the new settings have proven themselves, over crashes of ours too. */
async function keepPrevious({ host, stateDir }: StepContext, appliedSha256: string | undefined): Promise<void> {
  if (await host.exists(previousPath(stateDir))) return;
  const now = await host.read(settingsFile);
  // A file that somebody else changed is not what the kubelet ran with.
  const known = now !== undefined && (appliedSha256 === undefined || sha256Of(now) === appliedSha256);
  await host.writeAtomic(previousPath(stateDir), known ? now : settingsText(undefined), 0o600);
}

async function rollBack(context: StepContext): Promise<void> {
  const { host, stateDir, log } = context;
  const before = (await host.read(previousPath(stateDir))) ?? settingsText(undefined);
  await host.makeDir(settingsDir, 0o755);
  await host.writeAtomic(settingsFile, before, 0o644);
  const trouble = await restart(context);
  if (trouble !== undefined) log.error({ trouble }, 'the kubelet does not come up with its old settings either');
}

/** Undefined when the kubelet came up and stayed; else why not, in its own words. */
async function restart({ host, clock, signal, progress }: StepContext): Promise<string | undefined> {
  progress('restarting the kubelet');
  await host.run(['systemctl', 'reset-failed', 'kubelet.service'], { timeoutMs: 30_000 });
  await systemctl(host, 'restart', 'kubelet.service');
  const endMs = clock.now().monotonicMs + startMsMax;
  let well = 0;
  while (well < steadyLooks && clock.now().monotonicMs < endMs) {
    await clock.sleep(lookEveryMs, signal);
    well = (await kubeletHealthy(host)) ? well + 1 : 0;
  }
  if (well >= steadyLooks) return undefined;
  const log = await host.run(
    ['journalctl', '-u', 'kubelet.service', '-t', 'kubelet', '-n', '40', '-o', 'cat', '--no-pager'],
    {
      timeoutMs: 15_000,
    },
  );
  const lines = log.stdout.split('\n').filter((line) => /failed|error|invalid|unknown/i.test(line));
  return lastLine(lines.join('\n') || 'it did not answer its health check within a minute');
}
