import type { DescMethod } from '@bufbuild/protobuf';
import { rpcPolicy, type RpcPolicy } from '../../src/api/policy.js';

/** The least role of a method, from the table that the gate asks. */
export function roleOf(method: DescMethod): string {
  const services = rpcPolicy as unknown as Readonly<Record<string, Readonly<Record<string, RpcPolicy>>>>;
  const name = method.name.charAt(0).toLowerCase() + method.name.slice(1);
  const policy = services[method.parent.name]?.[name];
  if (policy?.identity !== 'api-key') throw new Error(`${method.parent.name}.${method.name} is no operator method`);
  return policy.scope === 'project' ? `${policy.role} of the project` : `${policy.role} (of any project)`;
}
