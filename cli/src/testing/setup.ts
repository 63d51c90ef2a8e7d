import { afterAll, beforeAll, beforeEach } from 'vitest';
import { fakeTerminal, type FakeTerminal } from './fake-env.js';
import { FakeFleet } from './fake-fleet.js';
import { FakeServer } from './fake-server.js';

export interface Stage {
  server: FakeServer;
  terminal: FakeTerminal;
}

/** A server for the file, and for each test an empty fleet and a terminal that is logged in by $FLOTILLA_ADMIN_FILE. */
export function useStage(): Stage {
  // Filled before each test.
  const stage = {} as Stage;
  beforeAll(async () => {
    stage.server = await FakeServer.start();
  });
  afterAll(() => stage.server.stop());
  beforeEach(async () => {
    const { server } = stage;
    server.fleet = new FakeFleet();
    server.failures.clear();
    server.calls.length = 0;
    server.ready = true;
    server.aheadMs = 0;
    stage.terminal = await fakeTerminal();
    stage.terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(stage.terminal.home);
  });
  return stage;
}
