// Cuts what the tests' stand-in of GitHub speaks out of GitHub's published OpenAPI document, as JSON Schema:
//   node scripts/extract-github-openapi.mjs <unpacked @octokit/openapi> <folder for openapi.json and origin.json>
// The package is 600 MB unpacked, so it is no dependency: `npm pack @octokit/openapi`, unpack it, run this, delete it.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [origin, target] = process.argv.slice(2);
if (!origin || !target) {
  process.stderr.write('usage: extract-github-openapi.mjs <package folder> <target folder>\n');
  process.exit(2);
}

const OPERATIONS = `
  apps/get-authenticated apps/create-from-manifest apps/get-webhook-config-for-app apps/update-webhook-config-for-app
  apps/list-webhook-deliveries apps/get-webhook-delivery apps/redeliver-webhook-delivery apps/list-installations
  apps/get-installation apps/get-repo-installation apps/create-installation-access-token apps/get-by-slug
  apps/revoke-installation-access-token apps/list-repos-accessible-to-installation
  meta/get rate-limit/get users/get-authenticated users/get-by-username
  teams/get-membership-for-user-in-org
  repos/get repos/list-branches repos/get-branch repos/get-branch-protection repos/get-branch-rules
  repos/get-collaborator-permission-level repos/list-commits repos/get-commit repos/compare-commits-with-basehead
  repos/list-pull-requests-associated-with-commit repos/get-content
  repos/create-commit-status repos/list-commit-statuses-for-ref repos/get-combined-status-for-ref
  git/get-ref git/list-matching-refs git/create-ref git/update-ref git/delete-ref git/get-commit
  pulls/list pulls/create pulls/get pulls/update pulls/merge pulls/check-if-merged pulls/update-branch
  pulls/list-files pulls/list-commits
  pulls/list-reviews pulls/create-review pulls/get-review pulls/dismiss-review
  issues/list-for-repo issues/create issues/get issues/update
  issues/list-comments-for-repo issues/list-comments issues/create-comment issues/get-comment issues/update-comment
  issues/delete-comment issues/list-events
  issues/list-labels-for-repo issues/create-label issues/get-label
  issues/list-labels-on-issue issues/add-labels issues/set-labels issues/remove-label
  reactions/list-for-issue reactions/create-for-issue reactions/delete-for-issue
  reactions/list-for-issue-comment reactions/create-for-issue-comment reactions/delete-for-issue-comment
  checks/create checks/get checks/update checks/list-for-ref checks/list-annotations checks/rerequest-run
  checks/get-suite checks/list-for-suite checks/list-suites-for-ref checks/rerequest-suite
  actions/get-job-for-workflow-run actions/download-job-logs-for-workflow-run actions/list-jobs-for-workflow-run
  actions/re-run-job-for-workflow-run actions/re-run-workflow-failed-jobs actions/get-workflow-run
  actions/list-workflow-runs-for-repo
`
  .trim()
  .split(/\s+/);

/** Words for people, which would be most of the file. */
const PROSE = new Set(['description', 'example', 'examples', 'title', 'externalDocs', 'summary', 'deprecated']);
const document = JSON.parse(readFileSync(join(origin, 'generated/api.github.com.json'), 'utf8'));
const definitions = {};

const resolve = (value) => {
  if (!value?.$ref) return value;
  return value.$ref
    .slice(2)
    .split('/')
    .reduce((at, key) => at[key], document);
};

const distinct = (values) => [...new Set(values)];

/** A schema of OpenAPI 3.0 as one of JSON Schema: the difference that matters is `nullable`. */
function schemaOf(schema) {
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    if (!(name in definitions)) {
      definitions[name] = {};
      definitions[name] = schemaOf(resolve(schema));
    }
    // Absolute, so that each schema can be used without the others around it.
    return { $ref: `github#/definitions/${name}` };
  }
  const { nullable, ...rest } = schema;
  const plain = Object.fromEntries(
    Object.entries(rest)
      .filter(([key]) => !PROSE.has(key) && !key.startsWith('x-'))
      .map(([key, value]) => [key, partOf(key, value)]),
  );
  if (!nullable) return plain;
  if (!plain.type) return { anyOf: [plain, { type: 'null' }] };
  return {
    ...plain,
    type: [plain.type, 'null'].flat(),
    ...(plain.enum ? { enum: distinct([...plain.enum, null]) } : {}),
  };
}

function partOf(key, value) {
  if (key === 'properties') {
    return Object.fromEntries(Object.entries(value).map(([name, property]) => [name, schemaOf(property)]));
  }
  if (['oneOf', 'anyOf', 'allOf'].includes(key)) return value.map(schemaOf);
  const isSchema = ['items', 'additionalProperties', 'not'].includes(key) && typeof value === 'object';
  return isSchema ? schemaOf(value) : value;
}

const jsonOf = (content = {}) => {
  const schema = Object.entries(content).find(([type]) => type.includes('json'))?.[1]?.schema;
  return schema && schemaOf(schema);
};

function operationOf(operation, shared = []) {
  const body = resolve(operation.requestBody);
  return {
    parameters: [...shared, ...(operation.parameters ?? [])].map(resolve).map((one) => ({
      name: one.name,
      in: one.in,
      required: one.required === true,
      schema: schemaOf(one.schema),
    })),
    ...(body ? { body: { required: body.required === true, schema: jsonOf(body.content) } } : {}),
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, one]) => [status, jsonOf(resolve(one).content) ?? null]),
    ),
  };
}

const wanted = new Set(OPERATIONS);
const operations = {};
for (const [path, methods] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    if (!wanted.delete(operation.operationId)) continue;
    operations[`${method.toUpperCase()} ${path}`] = operationOf(operation, methods.parameters);
  }
}
if (wanted.size > 0) throw new Error(`Not in the document: ${[...wanted].join(', ')}`);

const { name, version, license, repository } = JSON.parse(readFileSync(join(origin, 'package.json'), 'utf8'));
writeFileSync(join(target, 'openapi.json'), JSON.stringify({ operations, definitions }));
const credit = { name, version, licence: license, repository, file: 'generated/api.github.com.json' };
writeFileSync(join(target, 'origin.json'), `${JSON.stringify(credit, null, 2)}\n`);
copyFileSync(join(origin, 'LICENSE'), join(target, 'LICENSE'));
process.stdout.write(`${Object.keys(operations).length} operations, ${Object.keys(definitions).length} schemas\n`);
