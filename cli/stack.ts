import { join } from 'node:path';
import { createFirstAdminKey } from '../infra/api-keys.js';
import type { Config } from '../infra/config.js';
import type { Progress } from '../infra/embedded/progress.js';
import type { StackOptions } from '../infra/embedded/stack.js';
import { createLogger } from '../infra/logging.js';
import { createPools } from '../infra/pg/pools.js';
import { requirePoller } from '../infra/temporal.js';
import { SEARCH_ATTRIBUTE } from '../workflows/contract/search-attributes.js';
import { QUEUE } from '../workflows/contract/task-queues.js';

const PROGRAMS = join(import.meta.dirname, '..');

/** The command that runs the stack in its foreground. */
export const FOREGROUND: readonly [string, ...string[]] = [
  process.execPath,
  '--enable-source-maps',
  join(import.meta.dirname, 'main.js'),
  'up',
  '--foreground',
];

/** The embedded stack with our own services: first the API, which accepts work at once, then the worker. */
export const stackOptions = (config: Config, say: Progress): StackOptions => ({
  config,
  say,
  logger: createLogger({ name: 'up', level: config.logLevel }),
  searchAttributes: Object.values(SEARCH_ATTRIBUTE),
  onDatabaseReady: async (databaseUrl) => {
    const pools = createPools({ databaseUrl, applicationName: 'millwright-up' });
    try {
      await createFirstAdminKey(pools.writes, config.layout.adminKeyFile);
    } finally {
      await pools.close();
    }
  },
  services: [
    {
      name: 'api',
      kind: 'api',
      argv: [process.execPath, '--enable-source-maps', join(PROGRAMS, 'api/main.js')],
      isReady: async ({ apiUrl }) => {
        const response = await fetch(new URL('/api/v1/health/live', apiUrl));
        if (!response.ok) throw new Error(`The API answered ${response.status}.`);
      },
    },
    {
      name: 'worker',
      kind: 'worker',
      argv: [process.execPath, '--enable-source-maps', join(PROGRAMS, 'workers/main.js')],
      // Whoever files work as soon as `up` has returned must not wait for a worker without a word.
      isReady: ({ temporal, pid }) => requirePoller(temporal, QUEUE.shared, pid),
      lateAfterMs: 60_000,
    },
  ],
});
