import {
  GetMachineRequest,
  Machine,
  MachineServiceService,
  QuarantineMachineRequest,
  ReleaseMachineRequest,
} from '@flotilla/proto';
import type { Call } from '../call.js';
import { answered } from '../resources/resource.js';
import { confirmByName } from './confirm.js';
import { report } from './report.js';

/** `flotilla quarantine machine NAME --reason WHY`: asked first where a node would leave. */
export async function quarantineMachine(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const found = await findMachine(call, name);
  if ((found.status?.nodeId ?? '') !== '') {
    await confirmByName(call, { noun: 'machine', name, deed: 'quarantine' }, [
      `Machine ${name} is in a cluster: its node is drained and leaves; nothing is scheduled on the machine until it is released.`,
      'In a sized pool another machine takes the place.',
    ]);
  }
  const request = QuarantineMachineRequest.create({
    project,
    machine: found.meta?.id ?? name,
    reason: call.options.text('reason') ?? '',
    options: call.writeOptions(),
  });
  const { machine } = await connection.unary(MachineServiceService.quarantineMachine, request);
  await report(call, { noun: 'machine', name, deed: 'is in quarantine', json: machine && Machine.toJSON(machine) });
  if (!call.dryRun) call.note(`It stays so until: flotilla release machine ${name}`);
}

/** `flotilla release machine NAME`: what was kept on a broken machine is removed, so that is asked first. */
export async function releaseMachine(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const found = await findMachine(call, name);
  if (found.status?.preserved === true) {
    await confirmByName(call, { noun: 'machine', name, deed: 'release' }, [
      `Machine ${name} is kept as it broke, for somebody to look at: ${found.spec?.quarantineReason ?? ''}`,
      'Releasing cleans it: containers, logs and state of its old node are removed. Then it is Available.',
    ]);
  }
  const request = ReleaseMachineRequest.create({
    project,
    machine: found.meta?.id ?? name,
    options: call.writeOptions(),
  });
  const { machine } = await connection.unary(MachineServiceService.releaseMachine, request);
  await report(call, { noun: 'machine', name, deed: 'is released', json: machine && Machine.toJSON(machine) });
  if (!call.dryRun) call.note(`Follow it: flotilla wait machine/${name} --for available`);
}

async function findMachine(call: Call, name: string): Promise<Machine> {
  const { connection, project } = await call.session();
  const request = GetMachineRequest.create({ project, machine: name });
  return answered((await connection.unary(MachineServiceService.getMachine, request)).machine, 'machine');
}
