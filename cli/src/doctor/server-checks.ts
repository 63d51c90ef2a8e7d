import { createHash, X509Certificate } from 'node:crypto';
import {
  AccessServiceService,
  ArtifactState,
  GetCallerRequest,
  GetServerInfoRequest,
  type GetServerInfoResponse,
  ListVersionsRequest,
  Role,
  VersionServiceService,
} from '@flotilla/proto';
import { formatDuration } from '@flotilla/kit';
import type { Session } from '../call.js';
import type { Context } from '../context.js';
import { roleText } from '../output/states.js';
import { cliVersion } from '../version-number.js';
import { bad, type Finding, ok, warn } from './finding.js';
import type { Probe } from './probe.js';

/** Certificates and signatures bear a few minutes; short-lived kubeconfigs do not. */
const clockWarnMs = 5000;
const clockBadMs = 60_000;

export function checkClock({ dateMs }: Probe, nowMs: number): Finding {
  if (dateMs === undefined) return warn('clock', 'the server did not say what time it is', '');
  // The server says whole seconds.
  const offMs = Math.max(0, Math.abs(nowMs - dateMs) - 1000);
  if (offMs < clockWarnMs) return ok('clock', 'the same as the server, to the second');
  const text = `this computer is ${formatDuration(offMs)} ${nowMs > dateMs ? 'ahead of' : 'behind'} the server`;
  const cure = 'Set the one that is wrong by NTP: timedatectl set-ntp true';
  return offMs < clockBadMs ? warn('clock', text, cure) : bad('clock', text, cure);
}

/** The key that answered must be the one that new machines are told to expect. */
export function checkPin({ keyPin }: Probe, context: Context, info: GetServerInfoResponse): Finding[] {
  const mine = caPinOf(context.caPem);
  const again =
    'If the server was set up anew: flotilla login --from <admin.json>. Otherwise somebody may be in between.';
  const ca =
    info.caPin === '' || info.caPin === mine
      ? ok('tls', `the certificate is of the CA of this context (${mine.slice(0, 19)}…)`)
      : bad(
          'tls',
          `the server says its CA is ${info.caPin.slice(0, 19)}…, this context knows ${mine.slice(0, 19)}…`,
          again,
        );
  const key =
    info.publicKeyPin === '' || info.publicKeyPin === keyPin
      ? []
      : [
          warn(
            'pin',
            `another key answered (${keyPin}) than the one that machines are told (${info.publicKeyPin})`,
            'A proxy that ends TLS stands before the server? Then new machines cannot enroll through it: let TCP through.',
          ),
        ];
  return [ca, ...key];
}

export function checkHealth({ status, body }: Probe): Finding {
  if (status === 200) return ok('server', 'ready');
  const said = body.trim().split('\n').slice(0, 3).join('; ');
  return bad(
    'server',
    `not ready (${status})${said === '' ? '' : `: ${said}`}`,
    'There: journalctl -u flotilla-server -n 50',
  );
}

export function checkVersions(info: GetServerInfoResponse, context: Context): Finding[] {
  const same = info.version === cliVersion;
  const findings = [
    same
      ? ok('version', `${cliVersion}, here and there`)
      : warn(
          'version',
          `this command is ${cliVersion}, the server is ${info.version}`,
          'Use the command of the server’s release: some calls may be missing.',
        ),
  ];
  const url = info.publicUrl;
  if (url !== '' && URL.canParse(url) && new URL(url).host !== new URL(context.server).host)
    findings.push(
      warn(
        'address',
        `machines reach the server as ${url}, you as ${context.server}`,
        'Fine when both lead there. Machines must be able to reach the first.',
      ),
    );
  return findings;
}

export async function checkRole({ connection, project }: Session): Promise<Finding> {
  const caller = await connection.unary(AccessServiceService.getCaller, GetCallerRequest.create({}));
  const text = `${caller.subject}, ${roleText(caller.role)} of project ${caller.project === '' ? project : caller.project}`;
  if (caller.role === Role.READER)
    return warn(
      'role',
      `${text}: you may look and change nothing`,
      'Ask an Admin: flotilla member set SUBJECT --role member',
    );
  return ok('role', text);
}

export async function checkMirror({ connection }: Session): Promise<Finding> {
  const { versions } = await connection.unary(
    VersionServiceService.listVersions,
    ListVersionsRequest.create({ options: { pageSize: 100 } }),
  );
  const mirrored = versions.filter(({ artifacts }) => artifacts.some(({ state }) => state === ArtifactState.MIRRORED));
  const wanted = versions.filter(({ availableForNewClusters }) => availableForNewClusters);
  const names = mirrored.map(({ version }) => version).join(', ');
  if (mirrored.length === 0) {
    const [first] = wanted;
    return bad(
      'mirror',
      'no Kubernetes version is in the mirror: no node can install',
      `Run: flotilla artifacts sync ${first?.version ?? 'VERSION'}`,
    );
  }
  const usable = wanted.filter((each) => mirrored.includes(each));
  if (wanted.length > 0 && usable.length === 0)
    return warn(
      'mirror',
      `${names} mirrored, none of them for new clusters`,
      `Run: flotilla artifacts sync ${wanted[0]?.version ?? 'VERSION'}`,
    );
  return ok('mirror', `${names} mirrored`);
}

export async function serverInfo({ connection }: Session): Promise<GetServerInfoResponse> {
  return connection.unary(VersionServiceService.getServerInfo, GetServerInfoRequest.create({}));
}

function caPinOf(caPem: string): string {
  const spki = new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
