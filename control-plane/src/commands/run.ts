import { createEngine, openSqliteStore } from '@flotilla/core';
import { systemClock, systemRandom, type Logger } from '@flotilla/kit';
import { jsonLogger } from '../adapters/log.js';
import { exitAtOnce, hostId, loopLagMeter, residentMemoryBytes, stopSignal } from '../adapters/process.js';
import { composeServer } from '../compose.js';
import type { Config } from '../config/settings.js';

import { version } from '../version.js';

/** Runs the server until SIGTERM or SIGINT. `workerFile` is the bundled writer of the store. */
export async function runCommand(config: Config, workerFile: URL): Promise<void> {
  const log = jsonLogger(config.logLevel);
  const signal = stopSignal();
  const host = await hostId();
  const server = await composeServer(config, {
    clock: systemClock,
    random: systemRandom,
    log,
    version,
    openStore: (dataDir) =>
      openSqliteStore({
        dataDir,
        hostId: host,
        nowMs: systemClock.now().wallMs,
        random: systemRandom,
        writer: { workerFile },
        onFatal: (error) => {
          // Going on could corrupt or lose what was promised: stop rather than that.
          log.error(
            { code: error.code, err: error.message, remedy: error.remedy },
            'the database cannot be written safely; the server stops at once',
          );
          exitAtOnce(70);
        },
      }),
    createEngine,
    loopLagSeconds: loopLagMeter(),
    memoryBytes: residentMemoryBytes,
  });
  greet(log, config, server);
  await server.run(signal);
}

function greet(log: Logger, config: Config, server: Awaited<ReturnType<typeof composeServer>>): void {
  const { store, authority } = server;
  log.info(
    {
      version,
      listen: `${config.listen.host}:${server.port}`,
      publicUrl: config.publicUrl,
      dataDir: config.dataDir,
      instanceId: store.instance.instanceId,
      epoch: store.instance.epoch,
      publicKeyPin: authority.publicKeyPin,
      caPin: authority.caPin,
    },
    'flotilla-server is ready',
  );
  if (server.adminFile !== undefined) {
    log.info(
      { file: server.adminFile },
      `the first API key is in that file; log in with: flotilla login --from ${server.adminFile}`,
    );
  }
}
