import { expect, test } from '@jest/globals';
import { loadConfig } from '../../infra/config.js';
import { createPools } from '../../infra/pg/pools.js';
import { composeActivities } from '../../workers/compose/activities.js';
import type { Host } from '../../workers/compose/host.js';

const config = loadConfig({ MILLWRIGHT_HOME: '/tmp/millwright-compose-test' });
// Connects only when it is asked something, and nothing here asks.
const pools = createPools({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', applicationName: 'compose-test' });
// What composition takes from a host; its commands and files are for the activities, which do not run here.
const host = { hostId: 'a', queue: 'millwright-host-a', sandbox: {}, files: {}, emptyTree: '/' } as unknown as Host;

test('a turn can be sealed on its host, and on the shared queue when the host is lost', () => {
  const sets = composeActivities(config, pools, host);
  expect(sets.host).toHaveProperty('sealTurn');
  expect(sets.shared).toHaveProperty('sealTurn');
});
