import { MachineFacts } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeHost, failed, ok } from '../host/fake-host.js';
import { withHardware } from './hardware.js';

const facts = MachineFacts.create({ hostname: 'edge-7', cpus: 4 });

function aHost(vendor: string, model: string, virtualization: string): FakeHost {
  const host = new FakeHost({
    '/sys/class/dmi/id/sys_vendor': `${vendor}\n`,
    '/sys/class/dmi/id/product_name': `${model}\n`,
  });
  host.programs.push(([program]) => {
    if (program !== 'systemd-detect-virt') return undefined;
    return virtualization === 'none' ? { ...failed(''), stdout: 'none\n' } : { ...ok, stdout: `${virtualization}\n` };
  });
  return host;
}

describe('what the hardware says of itself', () => {
  it.each([
    [
      'Amazon EC2',
      'm7i.large',
      'amazon',
      { virtualization: 'amazon', cloudProvider: 'aws', instanceType: 'm7i.large' },
    ],
    ['Hetzner', 'vServer', 'kvm', { virtualization: 'kvm', cloudProvider: 'hetzner', instanceType: '' }],
    ['Dell Inc.', 'PowerEdge R640', 'none', { virtualization: '', cloudProvider: '', instanceType: '' }],
    ['QEMU', 'Standard PC', 'a line\nof trouble', { virtualization: '', cloudProvider: '', instanceType: '' }],
  ])('%s %s', async (vendor, model, virtualization, expected) => {
    expect(await withHardware(aHost(vendor, model, virtualization), facts)).toEqual({ ...facts, ...expected });
  });

  it('is silent where there is neither firmware nor systemd', async () => {
    expect(await withHardware(new FakeHost(), facts)).toEqual(facts);
  });
});
