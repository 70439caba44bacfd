import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Failure } from '../../domain/failures.js';
import type { HttpServer } from '../http/server.js';

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

/** The package comes with @nestjs/swagger, so it is looked for from there. */
const assetDirectory = (): string => {
  const fromSwagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
  return dirname(fromSwagger.resolve('swagger-ui-dist/package.json'));
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Millwright API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/api/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/api/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });
`;

/** The document at /api/openapi.json and Swagger UI at /api/docs; every file comes from here, none from elsewhere. */
export const serveDocument = (server: HttpServer, document: OpenAPIObject): void => {
  const json = JSON.stringify(document);
  const directory = assetDirectory();
  server.get('/api/openapi.json', async (_request, reply) => reply.type('application/json; charset=utf-8').send(json));
  server.get('/api/docs', async (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  server.get('/api/docs/:file', async (request, reply) => {
    const { file = '' } = request.params as { readonly file?: string }; // named in the route
    if (file === 'start.js') return reply.type('text/javascript; charset=utf-8').send(START);
    const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
    if (type === undefined) throw new Failure('NotFound', 'There is no such page.');
    return reply.type(type).send(await readFile(join(directory, file)));
  });
};
