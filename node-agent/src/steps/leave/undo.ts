import { undoAll } from '../../host/undo.js';
import { systemctl } from '../../host/units.js';
import { forgetSettingsRecord } from '../kubelet-settings.js';
import { keptDir } from '../maintain/kubelet-files.js';
import { uploadedPath } from '../maintain/upload-certificates.js';
import { credentialsPath } from '../init/sign-client.js';
import { StepProblems, type Step } from '../step.js';

/** Takes back, newest first, exactly what the journal says was changed. */
export const leaveUndo: Step = {
  name: 'leave-undo',
  phase: 'leave',
  deadlineMs: 600_000,
  check: ({ changes }) => Promise.resolve(changes.standing().length === 0 ? 'done' : 'needed'),
  async apply({ host, changes, progress, stateDir }) {
    const total = changes.standing().length;
    let undone = 0;
    const failed = await undoAll(host, changes.log, () => progress(`${++undone} of ${total} changes`));
    await systemctl(host, 'daemon-reload');
    if (failed.length > 0) {
      throw new StepProblems(
        failed.map(({ error: { code, message, remedy } }) => ({ code, message, remedy })),
        'later',
      );
    }
    const own = [
      credentialsPath(stateDir),
      uploadedPath(stateDir),
      keptDir(stateDir),
      `${stateDir}/manifest.json`,
      `${stateDir}/downloads`,
    ];
    for (const path of own) await host.remove(path);
    await forgetSettingsRecord({ host, stateDir });
  },
};
