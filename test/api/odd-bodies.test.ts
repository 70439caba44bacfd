import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isPublicRoute, routeName } from '../../api/auth/access-table.js';
import { TestApi } from '../support/api/api.js';
import { oddBodies } from '../support/api/odd-bodies.js';
import { OneOfEach } from '../support/api/one-of-each.js';
import type { Document } from '../support/api/sample-body.js';

let api: TestApi;
let document: Document;
let each: OneOfEach;

beforeAll(async () => {
  api = await TestApi.start();
  document = (await api.get('/api/openapi.json', { key: null })).body;
  each = await OneOfEach.seed(api.database);
});
afterAll(async () => {
  await api.stop();
});

test('every field of every body is refused when it is wrong, in every way that it can be, and nothing is stored', async () => {
  const routes = api.application.routes.filter((route) => route.method !== 'GET' && !isPublicRoute(route));
  let tried = 0;
  for (const route of routes) {
    const before = await api.countRows();
    for (const { what, raw } of oddBodies(document, route, each.known)) {
      const { status, headers, body } = await api.call(route.method, each.pathOf(route), { raw });
      const where = `${routeName(route)} ${what}`;
      expect([where, status, body?.code]).toEqual([where, 400, 'InvalidInput']);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(JSON.stringify(body)).not.toMatch(/at .*\.[jt]s|SELECT|INSERT|node_modules|\/home\//);
      tried++;
    }
    expect([routeName(route), await api.countRows()]).toEqual([routeName(route), before]);
  }
  expect(tried).toBeGreaterThan(700);
});

test('nothing of all these bodies is in the log', () => {
  expect(api.logged).toEqual([]);
});
