import { formatDuration } from '@flotilla/kit';
import { certificateLives, type CertificateLife } from '../host/certificates.js';
import { isFalse, isTrue, type HostProbe } from './probe.js';

/** Whoever renews in time has done it before the last tenth of a life begins. */
const leftRatioMin = 0.1;

/** Every certificate this host lives by. The worst one is named. */
export const certificatesExpiring: HostProbe = {
  type: 'CertificatesExpiring',
  everyMs: 300_000,
  deadlineMs: 20_000,
  async read({ host, clock, stateDir, nodeName, controlPlane }) {
    const nowMs = clock.now().wallMs;
    const lives = await certificateLives(host, { stateDir, joined: nodeName !== undefined, controlPlane });
    const over = lives.filter(({ toMs }) => toMs <= nowMs);
    // The agent's own says nothing of the node: no kubelet is restarted, and nothing joined anew, for it.
    const own = `${stateDir}/`;
    const expired = over.filter(({ name }) => !name.startsWith(own));
    if (expired.length > 0) return isTrue('Expired', `expired: ${named(expired, nowMs)}`);
    if (over.length > 0)
      return isTrue('AgentNotRenewed', `the agent's own certificate has run out: ${named(over, nowMs)}`);
    const early = lives.filter(({ fromMs }) => fromMs > nowMs + 300_000);
    if (early.length > 0) return isTrue('NotYetValid', `not valid yet: ${early.map(({ name }) => name).join(', ')}`);
    const soon = lives.filter(({ fromMs, toMs }) => toMs - nowMs < (toMs - fromMs) * leftRatioMin);
    if (soon.length > 0) return isTrue('Expiring', `not renewed in time: ${named(soon, nowMs)}`);
    return isFalse('Valid', `${lives.length} certificates looked at, none is about to run out`);
  },
};

function named(lives: readonly CertificateLife[], nowMs: number): string {
  return lives
    .slice(0, 5)
    .map(({ name, toMs }) => {
      const left = formatDuration(Math.abs(toMs - nowMs));
      return toMs <= nowMs ? `${name} (${left} ago)` : `${name} (${left} left)`;
    })
    .join(', ');
}
