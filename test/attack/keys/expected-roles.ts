import type { Route } from '../../../api/auth/access-table.js';
import type { KeyRole } from '../../../api/auth/caller.js';

/**
 * Who may use a route, by rule and not by the product's own table: `viewer` reads; `member` adds epics, tasks, mail;
 * `lead` adds projects, approvals, queues; `admin` adds keys, agents, settings and what holds everything. First match
 * wins; a route without a match is one that nobody has thought about, and fails.
 */
const RULES: readonly (readonly [RegExp, KeyRole])[] = [
  [/ \/api\/v1\/keys(\/|$)/, 'admin'],
  [/^GET /, 'viewer'],
  [/^POST \/api\/v1\/control\//, 'admin'],
  [/^POST \/api\/v1\/agents\//, 'admin'],
  [/^POST \/api\/v1\/projects\/:id\/sync$/, 'member'],
  [/^POST \/api\/v1\/projects$/, 'lead'],
  [/ \/api\/v1\/projects\/:id/, 'admin'],
  [/^POST \/api\/v1\/epics\/:id\/(approve|land)$/, 'lead'],
  [/^POST \/api\/v1\/queues\//, 'lead'],
  [/^(POST|PATCH|PUT) \/api\/v1\/(epics|tasks|runs|mail)(\/|$)/, 'member'],
];

export const expectedRole = ({ method, url }: Route): KeyRole | undefined =>
  RULES.find(([pattern]) => pattern.test(`${method} ${url}`))?.[1];
