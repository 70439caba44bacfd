import { homedir } from 'node:os';
import { delimiter, isAbsolute } from 'node:path';
import { type ApiSettings, readApi } from './config/api.js';
import { readFault } from './config/fault.js';
import {
  accessNote,
  type GithubCredentials,
  type GithubSettings,
  readCredentials,
  readGithub,
  readGithubPlaces,
  readWebhookSecrets,
} from './config/github.js';
import { type HostConfig, readHostFile } from './config/host-file.js';
import { type HomeLayout, homeLayout, type ProcessUser, readCache, readHome } from './config/layout.js';
import { type Limits, readLimits } from './config/limits.js';
import {
  type LinearConfig,
  type LinearCredentials,
  linearAccessNote,
  readLinear,
  readLinearCredentials,
  readLinearWebhookSecrets,
} from './config/linear.js';
import { type ModelSettings, readModels } from './config/models.js';
import { readTemporal, type TemporalSettings } from './config/temporal.js';
import { type Environment, refused, Variables } from './config/variables.js';
import type { Fault } from './fault-point.js';

export type { ApiSettings } from './config/api.js';
export type { GithubCredentials, GithubSettings } from './config/github.js';
export type { HomeLayout } from './config/layout.js';
export type { LinearConfig, LinearCredentials } from './config/linear.js';
export type { Environment } from './config/variables.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The validated configuration of one process. Nothing else of the program looks at the environment. */
export interface Config {
  readonly layout: HomeLayout;
  /** Downloaded and built binaries. */
  readonly cacheDirectory: string;
  /** Directories of `PATH`. */
  readonly searchPath: readonly string[];
  /** Absent: PostgreSQL is embedded. */
  readonly databaseUrl: string | undefined;
  readonly temporal: TemporalSettings;
  /** `MILLWRIGHT_TEMPORAL_CLI`: a Temporal CLI to use as it is. */
  readonly temporalCli: string | undefined;
  readonly api: ApiSettings;
  readonly models: ModelSettings;
  readonly github: GithubSettings;
  readonly linear: LinearConfig;
  /** Which column of the activity policies new workflows get. */
  readonly tuning: 'normal' | 'brisk';
  readonly limits: Limits;
  readonly logLevel: LogLevel;
  readonly host: HostConfig;
  readonly users: ServiceUsers | undefined;
  /** What a test wants to go wrong. */
  readonly fault: Fault | undefined;
}

/** Present when started as root: what must not run as root then runs as these. No passwd entry is needed. */
export interface ServiceUsers {
  /** Sandboxes and the git commands that write a tree. Group id alike. */
  readonly serviceUid: number;
  /** PostgreSQL: apart from the sandboxes' uid, so that nothing that leaves a sandbox may read the data files. */
  readonly databaseUid: number;
}

/** What the broker alone may hold. */
export interface ModelCredentials {
  readonly apiKey: string | undefined;
  readonly baseUrl: string;
}

/**
 * Reads and validates the whole configuration.
 * @throws InvalidInput naming the variable, or the file with line and key
 */
export const loadConfig = (env: Environment = process.env, user: ProcessUser = currentUser()): Config => {
  const variables = new Variables(env);
  const layout = homeLayout(readHome(variables, user));
  const hostFile = variables.text('MILLWRIGHT_HOST_CONFIG');
  const temporalCli = variables.text('MILLWRIGHT_TEMPORAL_CLI');
  if (temporalCli !== undefined && !isAbsolute(temporalCli)) {
    throw refused('MILLWRIGHT_TEMPORAL_CLI', 'must be an absolute path');
  }
  return {
    layout,
    cacheDirectory: readCache(variables, user),
    searchPath: (variables.text('PATH') ?? '').split(delimiter).filter(isAbsolute),
    databaseUrl: variables.url('DATABASE_URL', ['postgres', 'postgresql']),
    temporal: readTemporal(variables),
    temporalCli,
    api: readApi(variables),
    models: readModels(variables),
    github: readGithub(variables, layout.githubAppFile),
    linear: readLinear(variables),
    tuning: variables.oneOf('MILLWRIGHT_TUNING', ['normal', 'brisk'], 'normal'),
    limits: readLimits(variables),
    logLevel: variables.oneOf('MILLWRIGHT_LOG_LEVEL', LOG_LEVELS, 'info'),
    host: readHostFile(hostFile ?? layout.hostFile, hostFile !== undefined),
    users: user.uid === 0 ? readServiceUsers(variables) : undefined,
    fault: readFault(variables, layout.faultFile),
  };
};

const readServiceUsers = (variables: Variables): ServiceUsers => {
  const serviceUid = variables.integer('MILLWRIGHT_SERVICE_UID', 64_321, { min: 1, max: 4_294_967_290 });
  return { serviceUid, databaseUid: serviceUid + 1 };
};

/** The model key and endpoint. Only `activities/sandbox/broker.ts` may import this; a test walks the imports. */
export const modelCredentials = (env: Environment = process.env): ModelCredentials => {
  const variables = new Variables(env);
  return {
    apiKey: variables.text('ANTHROPIC_API_KEY'),
    baseUrl: variables.url('ANTHROPIC_BASE_URL', ['https', 'http']) ?? 'https://api.anthropic.com',
  };
};

/** Whether the `anthropic` agents can run here: a key, or an endpoint of one's own that may need none. */
export const canAskModel = (env: Environment = process.env): boolean => {
  const { apiKey, baseUrl } = modelCredentials(env);
  return apiKey !== undefined || new URL(baseUrl).hostname !== 'api.anthropic.com';
};

/**
 * What opens GitHub; undefined when nothing does. Read when it is needed, and kept by nobody: `millwright github setup`
 * may run beside us.
 * @throws InvalidInput, PermissionDenied
 */
export const githubCredentials = (
  env: Environment = process.env,
  user: ProcessUser = currentUser(),
): GithubCredentials | undefined => {
  const variables = new Variables(env);
  return readCredentials(variables, homeLayout(readHome(variables, user)).githubAppFile);
};

/** What a webhook of GitHub may be signed with, for the API alone. @throws InvalidInput, PermissionDenied */
export const githubWebhookSecrets = (
  env: Environment = process.env,
  user: ProcessUser = currentUser(),
): readonly string[] => {
  const variables = new Variables(env);
  return readWebhookSecrets(variables, homeLayout(readHome(variables, user)).githubAppFile);
};

/** What opens Linear; undefined when nothing does. @throws InvalidInput */
export const linearCredentials = (env: Environment = process.env): LinearCredentials | undefined =>
  readLinearCredentials(new Variables(env));

/** What a webhook of Linear may be signed with, for the API alone. @throws InvalidInput */
export const linearWebhookSecrets = (env: Environment = process.env): readonly string[] =>
  readLinearWebhookSecrets(new Variables(env));

export interface GithubPlaces extends Pick<GithubSettings, 'url' | 'apiUrl'> {
  readonly layout: HomeLayout;
}

/** Where `millwright github setup` works: it looks at no file of an App, which may be what it is to replace. */
export const githubPlaces = (env: Environment = process.env, user: ProcessUser = currentUser()): GithubPlaces => {
  const variables = new Variables(env);
  return { ...readGithubPlaces(variables), layout: homeLayout(readHome(variables, user)) };
};

export interface ClientSettings {
  readonly apiUrl: string | undefined;
  readonly apiKey: string | undefined;
  readonly isColourOff: boolean;
  /** Whether a browser may be opened in front of whoever types here. */
  readonly hasDesktop: boolean;
  /** Whether a defect is shown with its place. */
  readonly isTraceWanted: boolean;
}

/** How the command line reaches the API: absent values are found in the data directory. */
export const loadClientSettings = (env: Environment = process.env): ClientSettings => {
  const variables = new Variables(env);
  return {
    apiUrl: variables.url('MILLWRIGHT_API_URL', ['http', 'https']),
    apiKey: variables.text('MILLWRIGHT_API_KEY'),
    hasDesktop: ['darwin', 'win32'].includes(process.platform) || hasDisplay(variables),
    isColourOff: variables.text('NO_COLOR') !== undefined,
    isTraceWanted: variables.text('MILLWRIGHT_LOG_LEVEL') === 'trace',
  };
};

const hasDisplay = (variables: Variables): boolean =>
  ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => variables.text(name) !== undefined);

const MODEL_SECRETS = /^ANTHROPIC_/;
const STORE_SECRETS = /^(DATABASE_URL|PG.*|TEMPORAL_.*|MILLWRIGHT_API_KEY)$/;
/** What opens GitHub, under the names that we read and those that its own tools do, and what opens Linear. */
const FORGE_SECRETS =
  /^(GITHUB_APP_.*|GITHUB_(ENTERPRISE_)?TOKEN|GH_(ENTERPRISE_)?TOKEN|LINEAR_(API_KEY|ACCESS_TOKEN|CLIENT_ID|CLIENT_SECRET))$/;
const WEBHOOK_SECRETS = /^(GITHUB|LINEAR)_WEBHOOK_SECRET/;

/**
 * The environment that a child process inherits: `worker` all of it; `api` neither the model's nor what opens GitHub or
 * Linear, but what webhooks are signed with; `tool` (PostgreSQL, Temporal, Go, git) no secret, nor what opens the stores.
 */
export const environmentFor = (child: 'worker' | 'api' | 'tool', env: Environment = process.env): Environment => {
  if (child === 'worker') return { ...env };
  const withheld = child === 'api' ? [MODEL_SECRETS, FORGE_SECRETS] : ALL_SECRETS;
  const kept = Object.entries(env).filter(([name]) => !withheld.some((secrets) => secrets.test(name)));
  return { ...Object.fromEntries(kept), ...(child === 'api' ? { ...accessNote(env), ...linearAccessNote(env) } : {}) };
};

const ALL_SECRETS = [MODEL_SECRETS, FORGE_SECRETS, WEBHOOK_SECRETS, STORE_SECRETS];

const currentUser = (): ProcessUser => ({ uid: process.getuid?.() ?? -1, homeDirectory: homedir() });
