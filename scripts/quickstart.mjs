// npm run quickstart: installs what is missing, builds, then hands over to test/quickstart/main.ts.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import {
  build,
  ensureDebianPackages,
  ensureGo,
  ensureNpmPackages,
  isRoot,
  npmPackagesPresent,
  requireNode,
  root,
  say,
} from './setup.mjs';

const args = process.argv.slice(2);
requireNode();
const help = args.includes('--help') || args.includes('-h');
if (!help && args[0] !== 'down') {
  const local = 'one control plane, three local servers, one real Kubernetes cluster';
  process.stderr.write(`Flotilla quickstart: ${isRoot ? local : 'one control plane for servers of your own'}\n`);
}
// Going down needs whatever is installed, however old; an installation would only stand in its way.
if (args[0] !== 'down' || !npmPackagesPresent()) ensureNpmPackages();
if (!help && args[0] !== 'down') {
  if (isRoot) {
    const ok = ensureDebianPackages({
      'systemd-nspawn': 'systemd-container',
      debootstrap: 'debootstrap',
      nft: 'nftables',
      ip: 'iproute2',
      gcc: 'gcc',
      strip: 'binutils',
    });
    if (!ok || !ensureGo()) process.exit(1);
  } else say('packages', 'not root: no Debian packages are installed and no local servers are started');
  build();
}
const result = spawnSync(
  process.execPath,
  [join(root, 'scripts/run-ts.mjs'), join(root, 'test/quickstart/main.ts'), ...args],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FLOTILLA_ROOT: root },
  },
);
process.exit(result.status ?? 1);
