import type { Limits } from './limits/limiter.js';
import type { Permissions } from './state/records.js';
import type { Timing } from './world.js';

export interface GitHubOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Of the bare repositories. Default: a temporary one, which goes with the server. */
  readonly directory?: string;
  /** Default: GitHub's documented ones, enforced. */
  readonly limits?: Partial<Limits>;
  readonly timing?: Partial<Timing>;
  /** The App that every new repository's owner has installed. Default: one called `millwright`. */
  readonly app?: {
    readonly slug?: string;
    readonly permissions?: Permissions;
    readonly events?: readonly string[];
  };
}

/** What Millwright's own App asks for. */
export const DEFAULT_PERMISSIONS: Permissions = {
  actions: 'write',
  administration: 'read',
  checks: 'write',
  contents: 'write',
  issues: 'write',
  members: 'read',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'write',
};

export const DEFAULT_EVENTS: readonly string[] = [
  'check_run',
  'check_suite',
  'create',
  'delete',
  'issue_comment',
  'issues',
  'merge_group',
  'pull_request',
  'pull_request_review',
  'push',
  'repository',
  'status',
];
