import type { KeyRole } from './caller.js';

/** Routes that answer without a key. Everything else needs one, loopback too. */
export const PUBLIC_ROUTES: readonly string[] = [
  'GET /api/v1/health/live',
  'GET /api/openapi.json',
  'GET /api/docs',
  'GET /api/docs/:file',
  // Known by their signatures.
  'POST /webhooks/github',
  'POST /webhooks/linear',
];

/** The least role of every route. The application refuses to start when a route is missing, or too many are here. */
export const ACCESS = {
  'GET /api/v1/health/ready': 'viewer',

  'GET /api/v1/projects': 'viewer',
  'POST /api/v1/projects': 'lead',
  'GET /api/v1/projects/:id': 'viewer',
  'PATCH /api/v1/projects/:id': 'admin',
  'POST /api/v1/projects/:id/archive': 'admin',
  'POST /api/v1/projects/:id/sync': 'member',

  'GET /api/v1/epics': 'viewer',
  'POST /api/v1/epics': 'member',
  'GET /api/v1/epics/:id': 'viewer',
  'PATCH /api/v1/epics/:id': 'member',
  'GET /api/v1/epics/:id/plan': 'viewer',
  'PUT /api/v1/epics/:id/plan': 'member',
  'POST /api/v1/epics/:id/approve': 'lead',
  'POST /api/v1/epics/:id/land': 'lead',
  'POST /api/v1/epics/:id/pause': 'member',
  'POST /api/v1/epics/:id/resume': 'member',
  'POST /api/v1/epics/:id/cancel': 'member',
  'POST /api/v1/epics/:id/retry': 'member',
  'GET /api/v1/epics/:id/tasks': 'viewer',
  'POST /api/v1/epics/:id/tasks': 'member',
  'GET /api/v1/epics/:id/timeline': 'viewer',
  'GET /api/v1/epics/:id/graph': 'viewer',
  'GET /api/v1/epics/:id/cost': 'viewer',

  'GET /api/v1/tasks': 'viewer',
  'POST /api/v1/tasks': 'member',
  'GET /api/v1/tasks/:id': 'viewer',
  'PATCH /api/v1/tasks/:id': 'member',
  'GET /api/v1/tasks/:id/diff': 'viewer',
  'GET /api/v1/tasks/:id/logs': 'viewer',
  'POST /api/v1/tasks/:id/pause': 'member',
  'POST /api/v1/tasks/:id/resume': 'member',
  'POST /api/v1/tasks/:id/cancel': 'member',
  'POST /api/v1/tasks/:id/retry': 'member',

  'GET /api/v1/runs': 'viewer',
  'GET /api/v1/runs/:id': 'viewer',
  'GET /api/v1/runs/:id/transcript': 'viewer',
  'GET /api/v1/runs/:id/events': 'viewer',
  'POST /api/v1/runs/:id/pause': 'member',
  'POST /api/v1/runs/:id/resume': 'member',
  'POST /api/v1/runs/:id/stop': 'member',

  'GET /api/v1/agents': 'viewer',
  'GET /api/v1/agents/:id': 'viewer',
  'POST /api/v1/agents/:id/clear-crashes': 'admin',

  'GET /api/v1/queues': 'viewer',
  'GET /api/v1/queues/:projectId/:branch': 'viewer',
  'GET /api/v1/queues/:projectId/:branch/entries': 'viewer',
  'POST /api/v1/queues/:projectId/:branch/pause': 'lead',
  'POST /api/v1/queues/:projectId/:branch/open': 'lead',
  'GET /api/v1/queues/entries/:id': 'viewer',
  'GET /api/v1/queues/entries/:id/why': 'viewer',
  'POST /api/v1/queues/entries/:id/withdraw': 'lead',
  'POST /api/v1/queues/entries/:id/reprioritise': 'lead',

  'GET /api/v1/mail': 'viewer',
  'POST /api/v1/mail': 'member',
  'GET /api/v1/mail/:id': 'viewer',
  'POST /api/v1/mail/:id/read': 'member',
  'POST /api/v1/mail/:id/reply': 'member',

  'GET /api/v1/decisions': 'viewer',
  'GET /api/v1/events/stream': 'viewer',

  'GET /metrics': 'viewer',
  'GET /api/v1/metrics': 'viewer',

  'GET /api/v1/keys': 'admin',
  'POST /api/v1/keys': 'admin',
  'GET /api/v1/keys/:id': 'admin',
  'POST /api/v1/keys/:id/revoke': 'admin',

  'GET /api/v1/control': 'viewer',
  'POST /api/v1/control/pause': 'admin',
  'POST /api/v1/control/thaw': 'admin',
} as const satisfies Readonly<Record<string, KeyRole>>;

export interface Route {
  readonly method: string;
  readonly url: string;
}

export const routeName = ({ method, url }: Route): string => `${method} ${url}`;

export const isPublicRoute = (route: Route): boolean => PUBLIC_ROUTES.includes(routeName(route));

/** Undefined for a route that is in neither list: nobody may use it. */
export const neededRole = (route: Route): KeyRole | undefined => {
  const name = routeName(route);
  return Object.hasOwn(ACCESS, name) ? ACCESS[name as keyof typeof ACCESS] : undefined;
};

/** Differences between table and router, in words; empty when they agree. */
export const accessGaps = (routes: readonly Route[]): readonly string[] => {
  const names = new Set(routes.map(routeName));
  return [
    ...routes.filter((r) => !isPublicRoute(r) && neededRole(r) === undefined).map((r) => `${routeName(r)}: no role`),
    ...Object.keys(ACCESS)
      .filter((name) => !names.has(name))
      .map((name) => `${name}: no such route`),
  ];
};
