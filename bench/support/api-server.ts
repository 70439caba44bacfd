import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApplication } from '../../api/application.js';
import type { ApiRuntimeSettings } from '../../api/dependencies.js';
import { NO_GITHUB } from '../../infra/config/github.js';
import { NO_LINEAR } from '../../infra/config/linear.js';
import { createLogger } from '../../infra/logging.js';
import { createPools } from '../../infra/pg/pools.js';

const UNLIMITED = { perMinute: 100_000_000, wrongKeysPerMinute: 100_000_000 };

/** The whole API as `millwright up` starts it, without its limits on what one client may ask. Answers its address. */
export const startApi = async (
  databaseUrl: string,
  settings: Pick<ApiRuntimeSettings, 'webhooks'> = {},
): Promise<string> => {
  const home = mkdtempSync(join(tmpdir(), 'millwright-bench-'));
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  const { app } = await createApplication({
    pools: createPools({ databaseUrl, applicationName: 'bench-ours' }),
    database: { databaseUrl, applicationName: 'bench-ours' },
    temporal: { address: '127.0.0.1:1', namespace: 'default' },
    logger: createLogger({ name: 'bench', level: 'silent' }),
    settings: {
      tuning: 'brisk',
      allowedHosts: ['127.0.0.1'],
      requestLimits: UNLIMITED,
      temporalNamespace: 'default',
      epicMicroUsd: 50_000_000,
      home,
      forgeDirectory: join(home, 'forge'),
      mirrorsDirectory: join(home, 'mirrors'),
      artifactsDirectory: join(home, 'artifacts'),
      github: NO_GITHUB,
      linear: NO_LINEAR,
      ...settings,
    },
  });
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
};
