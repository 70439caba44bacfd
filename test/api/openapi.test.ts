import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { routeName } from '../../api/auth/access-table.js';
import { TestApi } from '../support/api/api.js';

let api: TestApi;
// biome-ignore lint/suspicious/noExplicitAny: the document is whatever the API publishes
let document: any;

beforeAll(async () => {
  api = await TestApi.start();
  document = (await api.get('/api/openapi.json', { key: null })).body;
});
afterAll(async () => {
  await api.stop();
});

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

// biome-ignore lint/suspicious/noExplicitAny: as above
const operations = (): readonly { readonly name: string; readonly path: string; readonly operation: any }[] =>
  Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation: item[method],
    })),
  );

test('the document is OpenAPI 3.1 and describes every route of the API', () => {
  expect(document.openapi).toBe('3.1.0');
  const routes = api.application.routes
    .filter(({ url }) => /^\/(api\/v1|webhooks)\//.test(url))
    .map((route) => routeName(route).replace(/:(\w+)/g, '{$1}'));
  expect(
    operations()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(routes.sort());
});

test('every operation has a summary, a described answer, its path parameters and the problem document', () => {
  for (const { name, path, operation } of operations()) {
    const inPath = operation.parameters.filter((parameter: { in: string }) => parameter.in === 'path');
    const names = inPath.map((parameter: { name: string }) => parameter.name).sort();
    const [ok] = Object.entries<{ content?: object }>(operation.responses).filter(([status]) => status.startsWith('2'));
    expect([name, operation.summary.length > 10]).toEqual([name, true]);
    expect([name, names]).toEqual([name, [...path.matchAll(/\{(\w+)\}/g)].map(([, one]) => one).sort()]);
    expect([name, ok?.[1].content !== undefined]).toEqual([name, true]);
    expect(Object.keys(operation.responses.default.content)).toEqual(['application/problem+json']);
    if (/^(POST|PUT|PATCH)/.test(name) && !name.endsWith('/read')) {
      expect([name, operation.requestBody?.content['application/json']?.schema.$ref]).toEqual([
        name,
        expect.any(String),
      ]);
    }
  }
});

test('every reference leads to a schema, and every field of a body says what it takes', () => {
  const text = JSON.stringify(document);
  for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect([name, document.components.schemas[name] !== undefined]).toEqual([name, true]);
  }
  const { title, description } = document.components.schemas.CreateEpicDto.properties;
  expect(title).toMatchObject({ type: 'string', minLength: 1, maxLength: 200 });
  expect(description).toMatchObject({ type: 'string', maxLength: 100_000 });
  expect(document.components.schemas.CreateEpicDto.required).toEqual(['projectId', 'title']);
});

test('what an answer holds is what the document says of it', async () => {
  const { body } = await api.get('/api/v1/epics');
  expect(Object.keys(body).sort()).toEqual(Object.keys(document.components.schemas.EpicPage.properties).sort());
});

test('the documentation page and all its files come from here', async () => {
  const page = await api.get('/api/docs', { key: null });
  expect(page.headers.get('content-type')).toContain('text/html');
  const links = [...String(page.body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link);
  expect(links.length).toBeGreaterThan(2);
  for (const link of links) {
    expect(link).toMatch(/^\/api\/docs\//);
    expect([link, (await api.get(link, { key: null })).status]).toEqual([link, 200]);
  }
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
});
