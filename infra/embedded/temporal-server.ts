/**
 * What makes the dev server fast enough for agents: out of the box every hand-off waits for a queue that is polled 20
 * times a second, and each commit for an fsync of its own. A kill loses nothing with WAL and synchronous=NORMAL; a
 * power cut may lose the last commits, which the start-up reconciler makes good.
 */
const TUNING = [
  ['--sqlite-pragma', 'journal_mode=WAL'],
  ['--sqlite-pragma', 'synchronous=NORMAL'],
  ['--dynamic-config-value', 'system.enableActivityEagerExecution=true'],
  ['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
  // Priorities and fairness hold per partition, so a strict order needs one.
  ['--dynamic-config-value', 'matching.enableFairness=true'],
  ['--dynamic-config-value', 'matching.numTaskqueueReadPartitions=1'],
  ['--dynamic-config-value', 'matching.numTaskqueueWritePartitions=1'],
  // Else every workflow that ever ran stays in memory, up to 128,000 of them: only what is asked for again expires.
  ['--dynamic-config-value', 'history.cacheTTL="10m"'],
  ['--dynamic-config-value', 'history.cacheBackgroundEvict={"Enabled":true}'],
] as const;

/** The tuning as flags. */
export const devServerFlags = (): string[] => TUNING.flat();

export interface DevServerOptions {
  readonly cli: string;
  readonly port: number;
  readonly uiPort: number;
  /** Without it the server would forget everything at its end. */
  readonly databaseFile: string;
  readonly namespace: string;
}

export const devServerArgv = ({ cli, port, uiPort, databaseFile, namespace }: DevServerOptions): readonly string[] => [
  cli,
  'server',
  'start-dev',
  '--ip=127.0.0.1',
  `--port=${port}`,
  `--ui-port=${uiPort}`,
  `--db-filename=${databaseFile}`,
  `--namespace=${namespace}`,
  '--log-format=json',
  '--log-level=warn',
  ...devServerFlags(),
];
