import { expect, test } from 'vitest';
import {
  Availability,
  ClusterSpec,
  Cni,
  CniSettings,
  ControlPlaneKind,
  HealthMode,
  HealthPolicy,
  Location,
  MachineSelector,
  MachineSpec,
  Member,
  NodePoolRole,
  NodePoolSpec,
  NodeTemplate,
  Project,
  ResourceMeta,
  Role,
  Taint,
  UpdatePolicy,
  UpdateStrategy,
} from '@flotilla/proto';
import { manifestShapes } from './kinds.js';
import type { Shape } from './shape.js';

function fieldsOf(shape: Shape | undefined): string[] {
  if (shape?.kind === 'list') return fieldsOf(shape.of);
  return shape?.kind === 'object' ? Object.keys(shape.fields).sort() : [];
}

function at(shape: Shape | undefined, ...path: string[]): Shape | undefined {
  const [first, ...rest] = path;
  if (first === undefined) return shape;
  return shape?.kind === 'object' ? at(shape.fields[first], ...rest) : undefined;
}

const { Cluster, NodePool, Machine, Member: member, Project: project } = manifestShapes;

test.each([
  ['meta', at(NodePool, 'meta'), ResourceMeta.create({})],
  ['cluster spec', at(Cluster, 'spec'), ClusterSpec.create({})],
  ['cni settings', at(Cluster, 'spec', 'cniSettings'), CniSettings.create({})],
  ['pool spec', at(NodePool, 'spec'), NodePoolSpec.create({ size: 1 })],
  ['selector', at(NodePool, 'spec', 'selector'), MachineSelector.create({})],
  ['location', at(NodePool, 'spec', 'selector', 'location'), Location.create({})],
  ['template', at(NodePool, 'spec', 'template'), NodeTemplate.create({})],
  ['taint', at(NodePool, 'spec', 'template', 'taints'), Taint.create({})],
  ['health', at(NodePool, 'spec', 'health'), HealthPolicy.create({ rebootAllowed: true, replaceAllowed: true })],
  ['update', at(NodePool, 'spec', 'update'), UpdatePolicy.create({})],
  ['machine spec', at(Machine, 'spec'), MachineSpec.create({})],
  ['member', member, Member.create({})],
  ['project', project, Project.create({})],
])('%s has the fields of proto, no more and no less', (_name, shape, message) => {
  expect(fieldsOf(shape)).toEqual(Object.keys(message).sort());
});

test.each([
  ['cni', at(Cluster, 'spec', 'cni'), Cni, []],
  ['availability', at(Cluster, 'spec', 'availability'), Availability, []],
  ['controlPlaneKind', at(Cluster, 'spec', 'controlPlaneKind'), ControlPlaneKind, []],
  ['role', at(NodePool, 'spec', 'role'), NodePoolRole, []],
  ['health mode', at(NodePool, 'spec', 'health', 'mode'), HealthMode, []],
  ['strategy', at(NodePool, 'spec', 'update', 'strategy'), UpdateStrategy, []],
  ['role of a member', at(member, 'role'), Role, ['INSTANCE_ADMIN']],
])('%s has the constants of proto', (_name, shape, constants, except) => {
  const names = Object.keys(constants).filter(
    (name) => /^[A-Z_]+$/.test(name) && !['UNSPECIFIED', 'UNRECOGNIZED', ...except].includes(name),
  );
  expect(shape?.kind === 'constant' ? [...shape.names].sort() : []).toEqual(names.sort());
});
