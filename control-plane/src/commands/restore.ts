import { openSqliteStore } from '@flotilla/core';
import { FlotillaError, systemClock, systemRandom } from '@flotilla/kit';
import { exitAtOnce, hostId } from '../adapters/process.js';
import type { Config } from '../config/settings.js';

/**
 * Makes a data directory that came from another host this host's own, and raises its epoch, so that agents obey it and
 * refuse whatever ran before. Gives the new epoch. Refused without the words of consent: the other server may still run.
 */
export async function restoreCommand(config: Config, consent: boolean, workerFile: URL): Promise<number> {
  if (!consent) {
    throw new FlotillaError('CONSENT_NEEDED', `restore makes this host the owner of ${config.dataDir}.`, {
      kind: 'invalid-argument',
      remedy: 'When no other server runs on a copy of it, say so: flotilla-server restore --take-over',
    });
  }
  const store = await openSqliteStore({
    dataDir: config.dataDir,
    hostId: await hostId(),
    nowMs: systemClock.now().wallMs,
    random: systemRandom,
    writer: { workerFile },
    takeOver: true,
    onFatal: () => exitAtOnce(70),
  });
  const { epoch } = store.instance;
  await store.close();
  return epoch;
}
