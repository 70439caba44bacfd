import type { GithubSettings, LinearConfig } from '../infra/config.js';
import type { Logger } from '../infra/logging.js';
import type { ConnectionOptions } from '../infra/pg/connection.js';
import type { Pools } from '../infra/pg/pools.js';
import type { TemporalEndpoint } from '../infra/temporal.js';
import type { RequestLimits } from './http/limits.js';
import type { WebhookSettings } from './webhooks/signed-route.js';

/** Everything the API is made from. */
export interface ApiDependencies {
  readonly pools: Pools;
  /** For the connection that listens for events. */
  readonly database: ConnectionOptions;
  readonly temporal: TemporalEndpoint;
  readonly logger: Logger;
  readonly settings: ApiRuntimeSettings;
}

export interface ApiRuntimeSettings {
  /** Travels in the input of every workflow that is started. */
  readonly tuning: 'normal' | 'brisk';
  /** Host names (no port) that requests may be addressed to. */
  readonly allowedHosts: readonly string[];
  /** Whom `X-Forwarded-For` is believed. Absent: nobody. */
  readonly trustedProxies?: readonly string[];
  /** Where they differ from the defaults. */
  readonly requestLimits?: Partial<RequestLimits>;
  /** Base address of the Temporal Web UI, without a final slash. Absent: no links to it. */
  readonly temporalUiUrl?: string | undefined;
  readonly temporalNamespace: string;
  /** Budget of an epic that names none. */
  readonly epicMicroUsd: number;
  /** The data directory; local sources may not lie in it. */
  readonly home: string;
  /** The local forge's repositories. */
  readonly forgeDirectory: string;
  readonly mirrorsDirectory: string;
  readonly artifactsDirectory: string;
  readonly github: GithubSettings;
  readonly linear: LinearConfig;
  /** Absent: there are no secrets, and no webhook is taken. */
  readonly webhooks?: WebhookSettings;
  /** Those of Linear, alike. */
  readonly linearWebhooks?: WebhookSettings;
}

export const POOLS = Symbol('pools');
export const SETTINGS = Symbol('settings');
export const LOGGER = Symbol('logger');
/** Texts by reference: transcripts and logs. */
export const BLOBS = Symbol('blobs');
/** The projects' bare mirrors; the API only reads them. */
export const MIRRORS = Symbol('mirrors');
/** Connection options for a connection of one's own. */
export const DATABASE = Symbol('database');
