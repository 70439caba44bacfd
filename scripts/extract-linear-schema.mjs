// Cuts what the tests' stand-in of Linear speaks out of the schema that Linear publishes with its client, as GraphQL SDL:
//   node scripts/extract-linear-schema.mjs <unpacked @linear/sdk> <folder for schema.graphql and origin.json>
// The package has the schema as TypeScript types, one of each type, field and argument. It is 10 MB and nothing here runs
// it, so it is no dependency: `npm pack @linear/sdk`, unpack it, run this, delete it.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import ts from 'typescript';

const [origin, target] = process.argv.slice(2);
if (!origin || !target) {
  process.stderr.write('usage: extract-linear-schema.mjs <package folder> <target folder>\n');
  process.exit(2);
}

const words = (text) => new Set(text.trim().split(/\s+/));

/** Whole types; a field stays when its own type does. Scalars and enums come along. */
const TYPES = words(`
  Query Mutation Node PageInfo
  Issue IssueConnection IssueEdge IssueHistory IssueHistoryConnection IssueHistoryEdge IssueLabel IssueLabelConnection
  IssueLabelEdge Comment CommentConnection CommentEdge Reaction Attachment AttachmentConnection AttachmentEdge
  WorkflowState WorkflowStateConnection WorkflowStateEdge Team TeamConnection TeamEdge TeamMembership
  TeamMembershipConnection TeamMembershipEdge User Organization ActorBot ExternalUser
  Webhook WebhookConnection WebhookEdge
  CommentPayload ReactionPayload AttachmentPayload IssuePayload
  CommentCreateInput CommentUpdateInput ReactionCreateInput AttachmentCreateInput IssueUpdateInput
  IssueFilter CommentFilter TeamFilter NullableIssueFilter IssueLabelCollectionFilter IssueLabelFilter
  IdComparator IssueIdComparator StringComparator NullableStringComparator DateComparator NullableDateComparator
  BooleanComparator NumberComparator
  EntityWebhookPayload DataWebhookPayload EntityActorWebhookPayload IssueWebhookPayload CommentWebhookPayload
  ReactionWebhookPayload IssueLabelWebhookPayload UserActorWebhookPayload IntegrationActorWebhookPayload
  ExternalUserActorWebhookPayload OauthClientActorWebhookPayload IssueChildWebhookPayload CommentChildWebhookPayload
  IssueLabelChildWebhookPayload TeamChildWebhookPayload UserChildWebhookPayload ExternalUserChildWebhookPayload
  WorkflowStateChildWebhookPayload ReleaseChildWebhookPayload
`);
/** Of the two roots. */
const OPERATIONS = words(`
  viewer issue issues issueLabels comment comments user team teams webhooks
  commentCreate commentUpdate reactionCreate attachmentCreate issueUpdate
`);

const file = readdirSync(join(origin, 'dist'))
  .filter((name) => /^index-.*\.d\.mts$/.test(name))
  .map((name) => join(origin, 'dist', name))[0];
const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, false);
const nameOf = (node) => (ts.isStringLiteral(node) ? node.text : node.escapedText.toString());

const aliases = new Map();
const enums = new Map();
for (const statement of source.statements) {
  // What comes after the schema's own types are the client's, some under the same names.
  if (ts.isTypeAliasDeclaration(statement) && !aliases.has(nameOf(statement.name)))
    aliases.set(nameOf(statement.name), statement.type);
  if (ts.isEnumDeclaration(statement))
    enums.set(
      nameOf(statement.name),
      statement.members.map(({ initializer }) => initializer.text),
    );
}

const usedEnums = new Set();
const usedScalars = new Set();

/** @returns GraphQL of a TypeScript type, or undefined where it needs what is left out */
function typeOf(node, isOptional) {
  const name = ts.isTypeReferenceNode(node) ? nameOf(node.typeName) : undefined;
  if (name === 'Maybe' || name === 'InputMaybe') return typeOf(node.typeArguments[0], true);
  const end = isOptional ? '' : '!';
  if (name === 'Array') {
    const item = typeOf(node.typeArguments[0], false);
    return item && `[${item}]${end}`;
  }
  if (ts.isIndexedAccessTypeNode(node)) {
    const scalar = node.indexType.literal.text;
    usedScalars.add(scalar);
    return `${scalar}${end}`;
  }
  if (enums.has(name)) {
    usedEnums.add(name);
    return `${name}${end}`;
  }
  return TYPES.has(name) ? `${name}${end}` : undefined;
}

const pascal = (name) => name[0].toUpperCase() + name.slice(1);

function argumentsOf(type, field) {
  const args = aliases.get(`${type}${pascal(field)}Args`);
  if (!args) return '';
  const known = args.members.flatMap(({ name, type: of }) => {
    const written = typeOf(of, false);
    return written ? [`${nameOf(name)}: ${written}`] : [];
  });
  return known.length === 0 ? '' : `(${known.join(', ')})`;
}

const isRoot = (name) => name === 'Query' || name === 'Mutation';
const fieldsOf = (type, members) =>
  members.flatMap(({ name, type: of }) => {
    const field = nameOf(name);
    if (field === '__typename' || (isRoot(type) && !OPERATIONS.has(field))) return [];
    const written = typeOf(of, false);
    return written ? [`  ${field}${argumentsOf(type, field)}: ${written}`] : [];
  });

const parts = [...TYPES].map((name) => {
  const node = aliases.get(name);
  if (!node) throw new Error(`Not in the schema: ${name}`);
  if (ts.isUnionTypeNode(node)) {
    const members = node.types.map(({ typeName }) => nameOf(typeName)).filter((one) => TYPES.has(one));
    return `union ${name} = ${members.join(' | ')}`;
  }
  const isImplementing = ts.isIntersectionTypeNode(node);
  const { members } = isImplementing ? node.types.find(ts.isTypeLiteralNode) : node;
  const kind = /(Input|Filter|Comparator)$/.test(name) ? 'input' : name === 'Node' ? 'interface' : 'type';
  const interfaces = isImplementing
    ? node.types.flatMap(({ typeName }) => (typeName && TYPES.has(nameOf(typeName)) ? [nameOf(typeName)] : []))
    : [];
  const implemented = interfaces.length === 0 ? '' : ` implements ${interfaces.join(' & ')}`;
  return `${kind} ${name}${implemented} {\n${fieldsOf(name, members).join('\n')}\n}`;
});

const STANDARD = new Set(['ID', 'String', 'Boolean', 'Int', 'Float']);
const text = [
  ...[...usedScalars].filter((name) => !STANDARD.has(name)).map((name) => `scalar ${name}`),
  ...[...usedEnums].map(
    (name) =>
      `enum ${name} {\n${enums
        .get(name)
        .map((value) => `  ${value}`)
        .join('\n')}\n}`,
  ),
  ...parts,
].join('\n\n');
buildSchema(text);

const { name, version, license, repository } = JSON.parse(readFileSync(join(origin, 'package.json'), 'utf8'));
writeFileSync(join(target, 'schema.graphql'), `${text}\n`);
const credit = { name, version, licence: license, repository: repository.url, file: 'dist/index-*.d.mts' };
writeFileSync(join(target, 'origin.json'), `${JSON.stringify(credit, null, 2)}\n`);
copyFileSync(join(origin, 'LICENSE'), join(target, 'LICENSE'));
process.stdout.write(`${TYPES.size} types, ${usedEnums.size} enums\n`);
