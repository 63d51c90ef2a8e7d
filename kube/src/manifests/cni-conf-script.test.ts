import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cniConfScript } from './cni-conf-script.js';

const subnetEnv = (subnet: string): string =>
  `FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=${subnet}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n`;

describe('the script that writes a node’s CNI configuration, run by a real shell', () => {
  let root: string;
  let conf: string;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'cni-conf-'));
    mkdirSync(join(root, 'run'));
    mkdirSync(join(root, 'net.d'));
    conf = join(root, 'net.d', '10-flannel.conflist');
  });
  afterEach(async () => {
    await ended();
    rmSync(root, { recursive: true });
  });

  function start(): void {
    const script = cniConfScript('10.244.0.0/16')
      .replaceAll('/run/flannel', join(root, 'run'))
      .replaceAll('/etc/cni/net.d', join(root, 'net.d'));
    writeFileSync(join(root, 'script.sh'), script);
    child = spawn('/bin/sh', [join(root, 'script.sh')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '' },
    });
  }

  async function ended(): Promise<number | null> {
    const process = child;
    child = undefined;
    if (process === undefined) return null;
    const code = new Promise<number | null>((resolve) => process.once('exit', resolve));
    process.kill('SIGTERM');
    return code;
  }

  /** Resolves when the file is there, whole: it is only ever renamed into place. */
  function written(): Promise<void> {
    return new Promise((resolve) => {
      const watcher = watch(join(root, 'net.d'), () => {
        if (!existsSync(conf)) return;
        watcher.close();
        resolve();
      });
    });
  }

  test('writes plugins every node has, with the subnet’s own address and flanneld’s MTU', async () => {
    writeFileSync(join(root, 'run', 'subnet.env'), subnetEnv('10.244.1.1/24'));
    const done = written();
    start();
    await done;
    expect(JSON.parse(readFileSync(conf, 'utf8'))).toEqual({
      cniVersion: '1.0.0',
      name: 'cbr0',
      plugins: [
        {
          type: 'bridge',
          bridge: 'cni0',
          isGateway: true,
          isDefaultGateway: true,
          hairpinMode: true,
          ipMasq: false,
          mtu: 1450,
          ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.1.0/24' }]], routes: [{ dst: '10.244.0.0/16' }] },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    });
  });

  test('writes nothing before flanneld has spoken, and ends at once when told', async () => {
    const spoken = written();
    start();
    expect(existsSync(conf)).toBe(false);
    writeFileSync(join(root, 'run', 'subnet.env'), subnetEnv('10.244.2.129/25'));
    await spoken;
    expect(readFileSync(conf, 'utf8')).toContain('"subnet":"10.244.2.128/25"');
    expect(await ended()).toBe(0);
  });

  test('replaces what a former life of the node left, and does not run what it reads', async () => {
    writeFileSync(conf, 'old\n');
    const hostile = `${subnetEnv('10.244.3.1/24')}EVIL=$(touch ${join(root, 'evil')})\n`;
    writeFileSync(join(root, 'run', 'subnet.env'), hostile);
    const done = written();
    start();
    await done;
    while (readFileSync(conf, 'utf8') === 'old\n') await written();
    expect(readFileSync(conf, 'utf8')).toContain('10.244.3.0/24');
    expect(existsSync(join(root, 'evil'))).toBe(false);
  });
});
