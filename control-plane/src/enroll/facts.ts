import { FlotillaError } from '@flotilla/kit';
import { MachineFacts } from '@flotilla/proto';

const textMax = 256;
const interfacesMax = 256;
const addressesMax = 64;

/**
 * What a host says of itself, cut to sane sizes. Nothing here is an identity, and everything may be a lie: a strange
 * value hurts only the machine that sent it.
 */
export function parseFacts(given: MachineFacts | undefined): MachineFacts {
  if (given === undefined) {
    throw new FlotillaError('MALFORMED_REQUEST', 'The facts of the machine are missing.', { kind: 'invalid-argument' });
  }
  const facts = MachineFacts.fromPartial(given);
  return {
    ...facts,
    hostname: text(facts.hostname),
    machineIdHash: text(facts.machineIdHash),
    osId: text(facts.osId),
    osVersion: text(facts.osVersion),
    osName: text(facts.osName),
    kernel: text(facts.kernel),
    arch: text(facts.arch),
    nodeAddress: text(facts.nodeAddress),
    virtualization: text(facts.virtualization),
    agentVersion: text(facts.agentVersion),
    cloudProvider: text(facts.cloudProvider),
    cloudInstanceId: text(facts.cloudInstanceId),
    instanceType: text(facts.instanceType),
    cpus: count(facts.cpus),
    memoryBytes: bytes(facts.memoryBytes),
    diskBytes: bytes(facts.diskBytes),
    diskFreeBytes: bytes(facts.diskFreeBytes),
    interfaces: facts.interfaces.slice(0, interfacesMax).map((each) => ({
      ...each,
      name: text(each.name),
      mac: text(each.mac),
      addresses: each.addresses.slice(0, addressesMax).map((address) => text(address)),
    })),
  };
}

/** Without control characters, and of bounded length: it ends up in terminals. */
export function text(value: string, charsMax: number = textMax): string {
  return value.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ').slice(0, charsMax);
}

function count(value: number): number {
  return Math.max(0, Math.min(value, 1_000_000));
}

function bytes(value: bigint): bigint {
  const most = 2n ** 60n;
  return value < 0n ? 0n : value > most ? most : value;
}
