import { RepairRung } from '@flotilla/proto';

/** What a rung is called: as an event, as something that is done, and as something that would be. */
interface RungText {
  readonly name: string;
  readonly doing: string;
  readonly would: string;
}

const texts: Readonly<Partial<Record<RepairRung, RungText>>> = {
  [RepairRung.RESTART_KUBELET]: {
    name: 'RestartKubelet',
    doing: 'The kubelet is restarted',
    would: 'restart the kubelet',
  },
  [RepairRung.RESTART_RUNTIME]: {
    name: 'RestartRuntime',
    doing: 'containerd is restarted',
    would: 'restart containerd',
  },
  [RepairRung.RENEW_CERTIFICATES]: {
    name: 'RenewCertificates',
    doing: 'The certificates of the host are renewed',
    would: 'renew the certificates',
  },
  [RepairRung.FREE_DISK]: {
    name: 'FreeDisk',
    doing: 'Unused images and our own logs are removed',
    would: 'remove unused images and our own logs',
  },
  [RepairRung.REBOOT]: { name: 'Reboot', doing: 'The machine is rebooted, once', would: 'reboot the machine' },
  [RepairRung.REJOIN]: {
    name: 'Rejoin',
    doing: 'The node is reset and joins again',
    would: 'reset the node and join again',
  },
  [RepairRung.REPLACE]: {
    name: 'Replace',
    doing: 'A spare takes the place, and the machine is kept as it is, in quarantine',
    would: 'let a spare take the place',
  },
};

const ask: RungText = { name: 'Ask', doing: 'A person is asked', would: 'ask a person' };

export const rungText = (rung: RepairRung): RungText => texts[rung] ?? ask;
