import { SimClock } from '@flotilla/kit';
import { FakeHost } from '../host/fake-host.js';
import { fakeRuntimeStatus } from '../host/fake-programs.js';
import type { Finding, ProbeContext } from './probe.js';

export interface FakeProbeWorld {
  readonly host: FakeHost;
  readonly clock: SimClock;
  /** What other probes are taken to have said. */
  readonly said: Map<string, { readonly finding: Finding; readonly atMs: number }>;
  readonly context: (part?: Partial<ProbeContext>) => ProbeContext;
}

/** A healthy node to ask questions of. */
export function aProbeWorld(): FakeProbeWorld {
  const host = new FakeHost({
    '/proc/self/mounts': '/dev/sda1 / ext4 rw 0 0\n',
    '/proc/meminfo': 'MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n',
    '/proc/uptime': '10000.00 1.00\n',
    '/run/containerd/containerd.sock': '',
    '/etc/cni/net.d/10-x.conflist': '{}',
    '/etc/kubernetes/pki/ca.crt': 'CA',
    '/etc/kubernetes/kubelet.conf': 'clusters:\n- cluster:\n    server: https://10.0.0.5:6443\n',
    '/var/lib/kubelet/pki/kubelet-client-current.pem': 'PEM',
    '/var/lib/kubelet/config.yaml': 'clusterDNS:\n- 10.96.0.10\nclusterDomain: demo.local\n',
  });
  host.dir('/var/lib/flotilla-agent');
  host.onRpc = () => fakeRuntimeStatus({});
  const clock = new SimClock();
  const said = new Map<string, { readonly finding: Finding; readonly atMs: number }>();
  return {
    host,
    clock,
    said,
    context: (part = {}) => ({
      host,
      clock,
      stateDir: '/var/lib/flotilla-agent',
      bootId: 'boot-1',
      nodeName: 'edge-7',
      controlPlane: false,
      isolated: false,
      clockSkewMs: 0,
      last: (type) => said.get(type),
      ...part,
    }),
  };
}
