import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isPublicRoute, type Route, routeName } from '../../api/auth/access-table.js';
import { TestApi } from '../support/api/api.js';
import { OneOfEach } from '../support/api/one-of-each.js';
import type { Document, Schema } from '../support/api/sample-body.js';

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

const NOBODY = '0197c1f0-0000-7000-8000-000000000000';

const reading = (): readonly Route[] =>
  api.application.routes.filter((route) => route.method === 'GET' && !isPublicRoute(route));

const wrongOf = (schema: Schema): readonly string[] => {
  const always = ['', 'x%00', '%F0%9F', "'%3B--", '1&TWICE=2'];
  if (schema.enum !== undefined) return [...always, 'nonsense'];
  if (schema.format === 'uuid') return [...always, 'x', '1', `${NOBODY}0`, 'null'];
  if (schema.type === 'integer')
    return [
      ...always,
      'x',
      '0x1',
      '1.5',
      '1e1',
      '+1',
      '%201',
      String((schema.minimum ?? 1) - 1),
      String((schema.maximum ?? 1) + 1),
      '9'.repeat(400),
    ];
  if (schema.type === 'boolean') return [...always, 'yes', '1', 'TRUE'];
  return ['a%00b'];
};

test('every parameter of every query is refused when it is wrong', async () => {
  let tried = 0;
  for (const route of reading()) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    const parameters = document.paths[path]?.get?.parameters ?? [];
    for (const { name, schema } of parameters.filter((one) => one.in === 'query'))
      for (const value of wrongOf(schema)) {
        const query = `${name}=${value.replace('TWICE', name)}`;
        const { status, body, headers } = await api.get(`${each.pathOf(route)}?${query}`);
        const where = `${routeName(route)}?${query.slice(0, 80)}`;
        expect([where, status, body?.code]).toEqual([where, 400, 'InvalidInput']);
        expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
        tried++;
      }
  }
  expect(tried).toBeGreaterThan(200);
});

/** Whether the route takes a query: the others answer what they would without one. */
const takesQuery = ({ url }: Route): boolean =>
  document.paths[url.replace(/:(\w+)/g, '{$1}')]?.get?.parameters?.some((one) => one.in === 'query') === true;

test('every list refuses a parameter that it does not know, an injected order included', async () => {
  const lists = reading().filter(takesQuery);
  expect(lists.length).toBeGreaterThan(10);
  for (const route of lists)
    for (const query of ['nonsense=1', 'sort=name;drop', 'order=desc', 'limit[]=1', 'limit[$gt]=1']) {
      const { status, body } = await api.get(`${each.pathOf(route)}?${query}`);
      expect([`${routeName(route)}?${query}`, status]).toEqual([`${routeName(route)}?${query}`, 400]);
      expect(JSON.stringify(body)).not.toMatch(/at .*\.[jt]s|SELECT|node_modules/);
    }
});

test('every route refuses names in a query that are no names', async () => {
  for (const route of reading())
    for (const query of ['__proto__=1', 'constructor=1', 'a=b&prototype=', '%5f_proto__=1']) {
      const { status } = await api.get(`${each.pathOf(route)}?${query}`);
      expect([`${routeName(route)}?${query}`, status]).toEqual([`${routeName(route)}?${query}`, 400]);
    }
});

test.each([
  ['a long path part', 'x'.repeat(699)],
  ['a path part that is too long', 'x'.repeat(5_000)],
  ['a broken escape', '%zz'],
  ['half an escape', '%'],
  ['broken UTF-8', '%ff%fe'],
  ['NUL', '%00'],
  ['a slash', '..%2f..%2fkeys'],
  ['dots', '%2e%2e'],
])('an id of %s is a problem document, and no error of ours', async (_, id) => {
  for (const { url, method } of api.application.routes.filter(
    (route) => /^\/api\/v1\/\w+\/:id$/.test(route.url) && route.method === 'GET',
  )) {
    const { status, headers, body } = await api.call(method, url.replace(':id', id));
    expect([url, Math.floor(status / 100)]).toEqual([url, 4]);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body.detail.length).toBeLessThan(300);
  }
});

test('nothing of all these queries is in the log', () => {
  expect(api.logged).toEqual([]);
});
