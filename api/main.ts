import { Failure } from '../domain/failures.js';
import { type Config, githubWebhookSecrets, linearWebhookSecrets, loadConfig } from '../infra/config.js';
import { armFault } from '../infra/fault-point.js';
import { createLogger } from '../infra/logging.js';
import { createPools } from '../infra/pg/pools.js';
import { requireWelcome } from '../infra/pg/require-welcome.js';
import { temporalEndpoint } from '../infra/temporal.js';
import { createApplication } from './application.js';
import type { ApiRuntimeSettings } from './dependencies.js';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** The API process: configuration, dependencies, listen, drain on SIGTERM. */
const main = async (): Promise<void> => {
  const config = loadConfig();
  armFault(config.fault);
  const logger = createLogger({ name: 'api', level: config.logLevel });
  const database = { databaseUrl: required('DATABASE_URL', config.databaseUrl), applicationName: 'millwright-api' };
  const port = required('MILLWRIGHT_API_PORT', config.api.port);
  const pools = createPools(database);
  await requireWelcome(pools.reads);
  const temporal = temporalEndpoint(config.temporal);
  const { app } = await createApplication({ pools, database, temporal, logger, settings: settingsOf(config) });
  await app.listen(port, config.api.host);
  logger.info({ host: config.api.host, port }, 'api listens');

  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ signal }, 'api stops');
    app
      .close()
      .then(() => pools.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'api did not stop cleanly');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};

const settingsOf = (config: Config): ApiRuntimeSettings => ({
  tuning: config.tuning,
  allowedHosts: [...LOOPBACK, config.api.host, ...config.api.allowedHosts],
  trustedProxies: config.api.trustedProxies,
  requestLimits: { perMinute: config.api.requestsPerMinute },
  temporalUiUrl: config.temporal.uiUrl,
  temporalNamespace: config.temporal.namespace,
  epicMicroUsd: config.limits.epicMicroUsd,
  home: config.layout.home,
  forgeDirectory: config.layout.forge,
  mirrorsDirectory: config.layout.mirrors,
  artifactsDirectory: config.layout.artifacts,
  github: config.github,
  linear: config.linear,
  webhooks: { secrets: () => githubWebhookSecrets(), maxBytes: config.github.webhookBytes },
  linearWebhooks: { secrets: () => linearWebhookSecrets(), maxBytes: config.github.webhookBytes },
});

const required = <T>(variable: string, value: T | undefined): T => {
  if (value !== undefined) return value;
  throw new Failure('InvalidInput', `${variable} is not set: \`millwright up\` sets it for its processes.`, {
    variable,
  });
};

try {
  await main();
} catch (error) {
  createLogger({ name: 'api', level: 'info' }).fatal(
    error instanceof Failure ? { type: error.type, details: error.details, message: error.message } : { err: error },
    'api did not start',
  );
  process.exit(1);
}
