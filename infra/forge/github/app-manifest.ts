import { HINT_EVENTS } from '../../../domain/forge/hint.js';
import type { Permissions } from './settings.js';

/** What our App asks for, and nothing else. Why each is needed is said in docs/github.md. */
export const APP_PERMISSIONS = {
  contents: 'write',
  pull_requests: 'write',
  checks: 'write',
  statuses: 'write',
  issues: 'write',
  metadata: 'read',
  members: 'read',
  actions: 'write',
  administration: 'read',
} as const satisfies Permissions;

/** Without these Millwright does with less; without any other it cannot work on the repository. */
const OPTIONAL: readonly string[] = ['members', 'actions', 'administration'];

/**
 * GitHub delivers the first three unasked and refuses a manifest that names them. `merge_group` needs a permission for
 * GitHub's own merge queue, which we have no other use for: the checks of its commits are told by other events.
 */
const UNASKED: readonly string[] = ['installation', 'installation_repositories', 'ping', 'merge_group'];
export const APP_EVENTS: readonly string[] = HINT_EVENTS.filter((event) => !UNASKED.includes(event));

/** GitHub wants an address of a webhook that is off too. A name that nobody else gets, by RFC 2606. */
export const NO_WEBHOOK = 'https://example.com/webhooks/github';

export interface ManifestOptions {
  readonly name: string;
  /** Where GitHub sends the person back to, with a code. */
  readonly redirectUrl: string;
  /** Absent: nothing is delivered. */
  readonly webhookUrl?: string;
}

/** @see https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export const appManifest = ({ name, redirectUrl, webhookUrl }: ManifestOptions): object => ({
  name,
  url: webhookUrl === undefined ? 'https://example.com' : new URL(webhookUrl).origin,
  description: 'Turns epics into tested and merged pull requests.',
  redirect_url: redirectUrl,
  public: false,
  hook_attributes: { url: webhookUrl ?? NO_WEBHOOK, active: webhookUrl !== undefined },
  default_permissions: APP_PERMISSIONS,
  default_events: APP_EVENTS,
});

export interface MissingPermission {
  readonly name: string;
  readonly access: 'read' | 'write';
  readonly isNeeded: boolean;
}

export const missingPermissions = (
  granted: Readonly<Record<string, string | undefined>>,
): readonly MissingPermission[] =>
  Object.entries(APP_PERMISSIONS)
    .filter(([name, access]) => granted[name] !== access && granted[name] !== 'write' && granted[name] !== 'admin')
    .map(([name, access]) => ({ name, access, isNeeded: !OPTIONAL.includes(name) }));
