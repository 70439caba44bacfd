import { request } from 'node:http';
import { type Route, routeName } from '../../../api/auth/access-table.js';
import { KEY_ROLES } from '../../../api/auth/caller.js';
import { formatApiKey, makeApiKey } from '../../../infra/api-keys.js';
import { insertKey } from '../../support/api/api.js';
import { rowsOf } from '../../support/api/seed.js';
import type { Vector } from '../vector.js';
import { expectedRole } from './expected-roles.js';
import { STREAMS } from './streams.vectors.js';
import { CANARY, type KeysWorld, type Objects } from './world.js';

type KeysVector = Vector<KeysWorld>;

const NOBODY: Objects = Object.fromEntries(
  ['project', 'epic', 'task', 'run', 'mail', 'entry', 'agent', 'key'].map((name) => [
    name,
    '0197c1f0-0000-7000-8000-000000000000',
  ]),
  // The names are those of `Objects`.
) as unknown as Objects;

/** A body that no route takes: nothing happens, whoever asks. */
const NONSENSE = { nonsense: 1 };
const bodyFor = ({ method }: Route): object | undefined => (method === 'GET' ? undefined : NONSENSE);

/** Keys that were never given, or are no longer good. */
const forgeries = async ({ api }: KeysWorld): Promise<readonly (readonly [string, string | null])[]> => {
  const { admin } = api.keys;
  const [, id = '', secret = ''] = admin.split('_');
  const unknown = formatApiKey(makeApiKey());
  const expired = await insertKey(api.database, { name: 'expired', role: 'admin', expiresAt: '2020-01-01T00:00:00Z' });
  const revoked = await insertKey(api.database, { name: 'revoked', role: 'admin' });
  await rowsOf(api.database, `UPDATE api_key SET revoked_at = now() WHERE name = 'revoked'`);
  const [row] = await rowsOf<{ hash: string }>(api.database, `SELECT hash FROM api_key WHERE name = 'ada'`);
  const [, viewerId = ''] = api.keys.viewer.split('_');
  return [
    ['no key', null],
    ['an empty key', ''],
    ['an expired key', expired],
    ['a revoked key', revoked],
    ['a key that was never made', unknown],
    ['the id alone', `mw_${id}_`],
    ['the secret alone', secret],
    ['the id with an unknown secret', `mw_${id}_${unknown.split('_')[2]}`],
    ['the id of another with this secret', `mw_${viewerId}_${secret}`],
    ['the id with the stored hash', `mw_${id}_${row?.hash.slice(0, 43)}`],
    ['the stored hash', row?.hash ?? ''],
    ['one character less', admin.slice(0, -1)],
    ['one character more', `${admin}A`],
    [
      'the first character changed',
      admin.replace(/_(.)([^_]*)$/, (_, first, rest) => `_${first === 'A' ? 'B' : 'A'}${rest}`),
    ],
    ['an upper-case id', `mw_${id.toUpperCase()}_${secret}`],
    ['an id with hyphens', `mw_${id.replace(/^(.{8})/, '$1-')}_${secret}`],
    ['another prefix', `xx_${id}_${secret}`],
    ['no prefix', `${id}_${secret}`],
    ['an id of zeros', `mw_${'0'.repeat(32)}_${secret}`],
    ['a secret of A', `mw_${id}_${'A'.repeat(43)}`],
    ['SQL', "mw_' OR '1'='1"],
    ['an escaped NUL', `${admin}%00`],
    ['two keys', `${admin},${admin}`],
    ['a JSON token that is signed by nobody', 'eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ.'],
  ];
};

const forged: KeysVector = {
  name: 'forged, expired and revoked keys on every route',
  controls: ['keys.secret', 'keys.expiry', 'keys.revocation', 'keys.required'],
  run: async (world, tally) => {
    for (const [what, key] of await forgeries(world))
      for (const route of world.routes) {
        const { status } = await world.ask(route, world.pathOf(route, NOBODY), key, bodyFor(route));
        tally.count(status === 401 ? undefined : `${routeName(route)} answers ${status} to ${what}`);
      }
  },
};

const HEADERS: readonly (readonly [string, (key: string) => Record<string, string>])[] = [
  ['basic', (key) => ({ authorization: `Basic ${Buffer.from(`x:${key}`).toString('base64')}` })],
  ['no scheme', (key) => ({ authorization: key })],
  ['another header', (key) => ({ 'x-api-key': key })],
  ['a cookie', (key) => ({ cookie: `key=${key}; authorization=Bearer ${key}` })],
  [
    'a forwarded user',
    () => ({ 'x-forwarded-user': 'admin', 'x-remote-user': 'admin', 'x-forwarded-for': '127.0.0.1' }),
  ],
];

const elsewhere: KeysVector = {
  name: 'keys in other places than the header',
  controls: ['keys.required'],
  isSmoke: true,
  run: async ({ api }, tally) => {
    for (const [what, headers] of HEADERS) {
      const { status } = await api.get('/api/v1/projects', { key: null, headers: headers(api.keys.admin) });
      tally.count(status === 401 ? undefined : `${what}: ${status}`);
    }
    for (const query of ['key', 'api_key', 'access_token', 'authorization', 'token']) {
      const { status } = await api.get(`/api/v1/projects?${query}=${api.keys.admin}`, { key: null });
      tally.count(status === 401 ? undefined : `?${query}=: ${status}`);
    }
  },
};

/** These wait for the engine, which is not there. */
const WAITS = /^GET .*\/(control|health\/ready)$/;

const roles: KeysVector = {
  name: 'every role on every route',
  controls: ['keys.roles', 'keys.role-table'],
  isSmoke: true,
  run: async (world, tally) => {
    for (const route of world.routes) {
      const needed = expectedRole(route);
      if (needed === undefined) {
        tally.count(`${routeName(route)}: nobody has said who may use it`);
        continue;
      }
      for (const role of KEY_ROLES) {
        const isAllowed = KEY_ROLES.indexOf(role) >= KEY_ROLES.indexOf(needed);
        if (isAllowed && WAITS.test(routeName(route))) continue;
        const { status } = await world.ask(route, world.pathOf(route, NOBODY), world.api.keys[role], bodyFor(route));
        const isRight = (status !== 403) === isAllowed && status !== 401;
        tally.count(isRight ? undefined : `${routeName(route)} answers ${status} to a ${role}`);
      }
    }
  },
};

/** Fields that only an admin may set, in routes that others may use. */
const beyond: KeysVector = {
  name: 'fields beyond the role',
  controls: ['keys.fields'],
  run: async (world, tally) => {
    const { api, mine } = world;
    const asked: readonly (readonly [string, string, object])[] = [
      ['a path of the host as a source', '/api/v1/projects', { source: '/etc' }],
      ['overrides', '/api/v1/projects', { source: 'https://example.org/a/b', overrides: { sandbox: 'none' } }],
      [
        'an entry on a red base',
        `/api/v1/queues/entries/${mine.entry}/reprioritise`,
        { priority: 2, fixesBase: true, reason: 'x' },
      ],
    ];
    for (const [what, path, body] of asked) {
      const { status } = await api.post(path, body, { key: api.keys.lead });
      tally.count(status === 403 ? undefined : `${what}: ${status}`);
    }
  },
};

const INSTANCE_WIDE = /\/api\/v1\/(keys|control|agents\/:id\/clear-crashes)|^POST \/api\/v1\/projects$/;
/** An agent belongs to nobody, but shows only what one's own projects do with it. */
const SHARED = /^GET \/api\/v1\/(agents\/:id|control|health\/ready)$/;

const foreign: KeysVector = {
  name: 'keys of another project on every object',
  controls: [
    'keys.scope',
    'keys.scope-epics',
    'keys.scope-tasks',
    'keys.scope-mail',
    'keys.scope-queues',
    'keys.scope-projects',
    'keys.scope-runs',
    'keys.scope-instance',
  ],
  isSmoke: true,
  run: async (world, tally) => {
    for (const route of world.routes) {
      const name = routeName(route);
      if (SHARED.test(name) || (route.method === 'GET' && !route.url.includes(':'))) continue;
      const before = await world.state();
      const body = route.method === 'GET' ? undefined : world.bodyOf(route, world.other);
      const { status, text } = await world.ask(route, world.pathOf(route, world.other), world.narrow.admin, body);
      const expected = INSTANCE_WIDE.test(name) ? 403 : 404;
      tally.count(status === expected ? undefined : `${name} answers ${status}: ${text.slice(0, 120)}`);
      tally.count((await world.state()) === before ? undefined : `${name} changed something`);
      tally.count(text.includes(CANARY) ? `${name} shows it` : undefined);
    }
  },
};

/** As many at once as a key may ask, and no more. */
const AT_ONCE = 30;

/** The same requests by a key of everything: what fails here too would have tested nothing above. */
const own: KeysVector = {
  name: 'the same requests by who may (they are otherwise right)',
  controls: [],
  run: async (world, tally) => {
    const routes = world.routes.filter((route) => !WAITS.test(routeName(route)));
    const askOne = async (route: Route): Promise<void> => {
      const body = route.method === 'GET' ? undefined : world.bodyOf(route, world.mine);
      // Whoever is let in as far as the engine waits until it is given up, because there is none.
      const { status, text } = await world.ask(route, world.pathOf(route, world.mine), world.api.keys.admin, body);
      if ([400, 401, 403, 429].includes(status) || (status === 404 && /There is no such/.test(text)))
        throw new Error(`${routeName(route)} answers ${status} ${text.slice(0, 200)}`);
      tally.count(undefined);
    };
    for (let at = 0; at < routes.length; at += AT_ONCE) await Promise.all(routes.slice(at, at + AT_ONCE).map(askOne));
  },
};

const lists: KeysVector = {
  name: 'lists that show what is not theirs',
  controls: ['keys.scope', 'keys.scope-lists'],
  run: async (world, tally) => {
    for (const route of world.routes.filter(({ method, url }) => method === 'GET' && !url.includes(':'))) {
      if (SHARED.test(routeName(route)) || route.url.endsWith('/stream')) continue;
      for (const query of [
        '',
        `?projectId=${world.other.project}`,
        `?epicId=${world.other.epic}`,
        `?taskId=${world.other.task}`,
        '?limit=200',
      ]) {
        const { text } = await world.ask(route, `${route.url}${query}`, world.narrow.admin);
        const leak = [CANARY, ...Object.values(world.other).filter((id) => id !== world.other.agent)].find((secret) =>
          text.includes(secret),
        );
        tally.count(
          leak === undefined || (query.includes(leak) && text.includes('"items":[]'))
            ? undefined
            : `${routeName(route)}${query} shows ${leak}`,
        );
      }
    }
  },
};

const rebinding: KeysVector = {
  name: 'pages of other sites',
  controls: ['keys.hosts', 'keys.origins'],
  isSmoke: true,
  run: async ({ api }, tally) => {
    const { port } = new URL(api.url);
    const statusOf = (headers: Readonly<Record<string, string>>): Promise<number> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path: '/api/v1/projects', headers };
        request(options, (response) => resolve(response.resume().statusCode ?? 0))
          .on('error', reject)
          .end();
      });
    const authorization = `Bearer ${api.keys.admin}`;
    const own = `127.0.0.1:${port}`;
    if ((await statusOf({ authorization, host: own })) !== 200) throw new Error('nobody is served');
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      `evil.example:${port}`,
      '127.0.0.1@evil.example',
      '[::ffff:1.2.3.4]',
      'localhost.evil',
      '0.0.0.0',
    ])
      tally.count((await statusOf({ authorization, host })) === 200 ? `host ${host} is served` : undefined);
    for (const origin of [
      'https://evil.example',
      'null',
      'file://',
      `http://127.0.0.1.evil.example:${port}`,
      'http://localhost@evil.example',
      'x',
      '',
    ])
      tally.count(
        (await statusOf({ authorization, host: own, origin })) === 200 ? `origin ${origin} is served` : undefined,
      );
  },
};

export const KEYS_VECTORS: readonly KeysVector[] = [
  ...[forged, elsewhere, roles, beyond, foreign, own, lists, ...STREAMS, rebinding],
];
