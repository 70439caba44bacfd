import type { Control } from '../control.js';

const GATE = 'api/http/gate.ts';
const RING = 'api/auth/key-ring.ts';

/** A repository that looks at all projects. */
const everywhere = (name: string, about: string, ...files: readonly string[]): Control => ({
  name,
  about,
  edits: files.map((file) => ({ file, cut: 'values: [id, scope]', put: 'values: [id, null]' })),
});

export const KEY_CONTROLS: readonly Control[] = [
  {
    name: 'keys.required',
    about: 'every route but the public ones needs a key',
    edits: [
      {
        file: GATE,
        cut: "if (token === undefined) throw new ApiError('Unauthenticated', 'Send an API key as Authorization: Bearer.');",
        put: "if (token === undefined) return { keyId: '', by: 'x', role: 'admin', scope: null, ip: '', cursorSecret: 'x', idempotencyKey: undefined };",
      },
    ],
  },
  {
    name: 'keys.secret',
    about: 'the secret of a key is compared',
    edits: [{ file: RING, cut: '|| !matchesApiKey(given, row.key.hash)' }],
  },
  {
    name: 'keys.expiry',
    about: 'a key works until it expires',
    edits: [
      {
        file: RING,
        cut: 'return key.expiresAtMs !== null && key.expiresAtMs <= this.nowMs() ? undefined : key;',
        put: 'return key;',
      },
    ],
  },
  {
    name: 'keys.revocation',
    about: 'a revoked key is refused',
    edits: [{ file: RING, cut: 'WHERE id = $1 AND revoked_at IS NULL', put: 'WHERE id = $1' }],
  },
  {
    name: 'keys.stream-ends',
    about: 'a stream ends with its key',
    edits: [{ file: GATE, cut: '    if (isStream(route)) endWithKey(reply.raw, () => keys.isLive(caller.keyId));\n' }],
  },
  {
    name: 'keys.roles',
    about: 'a role uses the routes of its row',
    edits: [{ file: GATE, cut: '!hasRole(caller, needed)', put: 'false' }],
  },
  {
    name: 'keys.role-table',
    about: 'the table of roles says what it must',
    edits: [
      {
        file: 'api/auth/access-table.ts',
        cut: "'POST /api/v1/epics/:id/approve': 'lead'",
        put: "'POST /api/v1/epics/:id/approve': 'member'",
      },
    ],
  },
  {
    name: 'keys.fields',
    about: 'paths of the host, overrides and entries on a red base are for admins',
    edits: [
      {
        file: 'api/projects/project.service.ts',
        cut: "if (caller.role !== 'admin') throw new Failure('PermissionDenied', 'Overrides",
        put: "if (caller.role === 'viewer') throw new Failure('PermissionDenied', 'Overrides",
      },
      {
        file: 'api/queues/queue.service.ts',
        cut: "fixesBase !== undefined && caller.role !== 'admin'",
        put: 'fixesBase === undefined',
      },
    ],
  },
  {
    name: 'keys.scope',
    about: 'a key sees its own projects',
    edits: [{ file: GATE, cut: 'scope: key.scope,', put: 'scope: null,' }],
  },
  everywhere('keys.scope-epics', 'an epic of another project is not there', 'api/epics/epic.repository.ts'),
  everywhere('keys.scope-tasks', 'a task of another project is not there', 'api/tasks/task.repository.ts'),
  everywhere('keys.scope-projects', 'another project is not there', 'api/projects/project.repository.ts'),
  everywhere('keys.scope-queues', 'an entry of another project is not there', 'api/queues/queue.repository.ts'),
  everywhere('keys.scope-runs', 'a run of another project is not there', 'api/runs/run.repository.ts'),
  {
    name: 'keys.scope-mail',
    about: 'mail of another project is not there',
    edits: [
      {
        file: 'api/mail/mail.repository.ts',
        cut: 'return this.get(id, scope, this.pools.writes);',
        put: 'return this.get(id, null, this.pools.writes);',
      },
      {
        file: 'api/mail/mail.service.ts',
        cut: 'return toMailResponse(await this.mail.get(id, caller.scope));',
        put: 'return toMailResponse(await this.mail.get(id, null));',
      },
    ],
  },
  {
    name: 'keys.scope-instance',
    about: 'what concerns all projects is for keys of all projects',
    edits: [
      { file: 'api/keys/key.service.ts', cut: 'if (scope !== null) throw', put: 'if (scope === undefined) throw' },
    ],
  },
  {
    name: 'keys.scope-lists',
    about: 'a list holds rows of one’s own projects',
    edits: [{ file: 'api/epics/epic.repository.ts', cut: 'values: [filter.scope,', put: 'values: [null,' }],
  },
  {
    name: 'keys.scope-events',
    about: 'a stream tells events of one’s own projects',
    edits: [{ file: 'api/events/event-stream.service.ts', cut: 'projects: caller.scope', put: 'projects: null' }],
  },
  {
    name: 'keys.hosts',
    about: 'only names of the list are served',
    edits: [{ file: GATE, cut: "if (!hosts.has(hostName(request.headers.host ?? '')))", put: 'if (hosts.size < 0)' }],
  },
  {
    name: 'keys.origins',
    about: 'pages of other origins are not served',
    edits: [{ file: GATE, cut: '    checkOrigin(request, hosts);\n' }],
  },
];
