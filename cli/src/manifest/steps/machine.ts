import {
  DeleteMachineRequest,
  GetMachineRequest,
  Machine,
  MachineServiceService,
  MachineSpec,
  UpdateMachineRequest,
} from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import { writtenPart } from '../form.js';
import { type KindSteps, maskOf, partsOf, projectOf, unlessMissing } from './steps.js';

const masks: Readonly<Record<string, string>> = { location: 'location', remediationDisabled: 'remediation_disabled' };

/** Labels, location and whether it may be repaired; a machine comes by enrolling, and is taken out by verbs. */
export const machineSteps: KindSteps = {
  load: async (session, manifest) => {
    const request = GetMachineRequest.create({ project: projectOf(session, manifest), machine: manifest.name });
    const answer = await unlessMissing(session.connection.unary(MachineServiceService.getMachine, request));
    const machine = answer?.machine;
    if (machine === undefined) return undefined;
    const document = writtenPart('Machine', Machine.toJSON(machine));
    return { id: machine.meta?.id ?? '', etag: machine.meta?.etag ?? '', document };
  },
  create: (_session, { name }) =>
    Promise.reject(
      new FlotillaError('NOT_ENROLLED', `there is no machine ${name}: machines come by enrolling, not by a file`, {
        kind: 'not-found',
        remedy: 'For the line to paste on it: flotilla token create',
      }),
    ),
  update: async (session, manifest, stored, { document, changed }, write) => {
    for (const path of changed) refuseVerbs(manifest.name, path);
    const { labels, spec: written } = partsOf(document);
    const spec = MachineSpec.fromJSON(written);
    await session.connection.unary(
      MachineServiceService.updateMachine,
      UpdateMachineRequest.create({
        project: projectOf(session, manifest),
        machine: stored.id,
        labels,
        location: spec.location,
        remediationDisabled: spec.remediationDisabled,
        updateMask: maskOf(changed, (path) => masks[path.split('.')[1] ?? ''] ?? path),
        etag: stored.etag,
        options: write,
      }),
    );
  },
  remove: async (session, manifest, stored, write) => {
    const request = DeleteMachineRequest.create({
      project: projectOf(session, manifest),
      machine: stored.id,
      options: write,
    });
    await session.connection.unary(MachineServiceService.deleteMachine, request);
  },
};

/** Fields that stand in what `-o yaml` prints and are changed by a verb of their own. */
function refuseVerbs(name: string, path: string): void {
  if (path === 'spec.quarantined' || path === 'spec.quarantineReason') {
    throw new FlotillaError('CHANGED_BY_VERB', `${path} is not changed by a file`, {
      kind: 'precondition',
      remedy: `Use: flotilla quarantine machine ${name} --reason WHY, or flotilla release machine ${name}`,
    });
  }
  if (path === 'spec.wantedPoolId')
    throw new FlotillaError(
      'CHANGED_BY_VERB',
      `${path} is what the machine enrolled for and is not changed by a file`,
      {
        kind: 'precondition',
        remedy: `Leave it as it is. A sized pool claims any machine that matches.`,
      },
    );
}
