import { isFalse, isTrue, type HostProbe } from './probe.js';

/** What Debian's and Ubuntu's packages leave when a new kernel or library waits for a reboot. */
const marks = ['/var/run/reboot-required', '/run/reboot-required'] as const;

export const rebootRequired: HostProbe = {
  type: 'RebootRequired',
  everyMs: 300_000,
  deadlineMs: 5_000,
  async read({ host }) {
    for (const mark of marks) {
      if (!(await host.exists(mark))) continue;
      const wanting = ((await host.read(`${mark}.pkgs`)) ?? '').split('\n').filter((name) => name !== '');
      const names = [...new Set(wanting)].slice(0, 5).join(', ');
      return isTrue('PackagesWantIt', `${mark} is there${names === '' ? '' : `, for ${names}`}`);
    }
    return isFalse('NotRequired', 'no package asks for a reboot');
  },
};
