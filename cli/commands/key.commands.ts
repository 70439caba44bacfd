import type { Command } from 'commander';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { findId, findProject } from '../find.js';
import { type Column, printJson, printList, printOne } from '../output.js';
import { collect } from './options.js';

/** @param nameOf of a project; one that was removed is called by the end of its id */
const columns = (nameOf: ReadonlyMap<unknown, unknown>): readonly Column[] => [
  { title: 'id', of: (k) => String(k.id).slice(-12) },
  { title: 'name', of: (k) => k.name, max: 30 },
  { title: 'role', of: (k) => k.role },
  { title: 'state', of: (k) => k.state },
  {
    title: 'projects',
    of: (k) => (Array.isArray(k.projects) ? k.projects.map((id) => nameOf.get(id) ?? String(id).slice(-12)) : 'all'),
  },
  { title: 'created', of: (k) => String(k.createdAt).slice(0, 10) },
  { title: 'expires', of: (k) => (k.expiresAt === null ? 'never' : String(k.expiresAt).slice(0, 16)) },
];

interface CreateOptions {
  readonly role: string;
  readonly project?: readonly string[];
  readonly expires?: string;
}

export function addKeyCommands(program: Command, contextOf: () => Context): void {
  const key = program.command('key').description('API keys: who may do what, and until when');

  key
    .command('create <name>')
    .description('create a key and show it once; rows, mail and decisions call its holder by the name')
    .requiredOption('--role <role>', 'viewer (reads), member (files work), lead (approves, lands), admin (all)')
    .option('--project <name>', 'the only projects it may see; repeat for several', collect)
    .option('--expires <when>', 'days or hours from now (90d, 12h), or an instant such as 2030-01-31T12:00:00Z')
    .action(async (name: string, { role, project = [], expires }: CreateOptions) => {
      const { out, api } = contextOf();
      const expiresAt = expires === undefined ? undefined : readExpiry(expires, Date.now());
      const client = await api();
      const found = await Promise.all(project.map((one) => findProject(client, one)));
      const created = await client.post('/keys', {
        name,
        role,
        ...(found.length > 0 ? { projects: found.map(({ id }) => id) } : {}),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
      if (out.json) {
        printJson(out, created);
        return;
      }
      if (created.key === null) {
        throw new CliError(`The key was created and its text got lost on the way: millwright key revoke ${created.id}`);
      }
      printOne(out, created, [
        ['name', created.name],
        ['id', created.id],
        ['role', created.role],
        ['projects', project.length > 0 ? project : 'all'],
        ['expires', created.expiresAt ?? 'never'],
        ['key', created.key],
      ]);
      out.line(`\nThe key is shown this once and stored nowhere. Its holder sets MILLWRIGHT_API_KEY to it, and`);
      out.line(`MILLWRIGHT_API_URL to ${client.baseUrl} or the address under which it is reached from there.`);
    });

  key
    .command('list')
    .description('keys that work, newest first; never their secrets')
    .option('--all', 'also those that were revoked or have expired')
    .action(async ({ all }: { readonly all?: boolean }) => {
      const { out, api } = contextOf();
      const client = await api();
      const keys = await client.list('/keys', all ? { all } : {}, 10_000);
      const projects = await client.list('/projects', {}, 10_000);
      printList(out, keys, columns(new Map(projects.map(({ id, name }) => [id, name]))), 'No key.');
    });

  key
    .command('revoke <key>')
    .description('refuse a key from now on, by its id or the last digits of it')
    .option('--reason <text>', 'kept in the decision log')
    .action(async (text: string, { reason }: { readonly reason?: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const id = await findId(client, '/keys', text);
      const revoked = await client.post(`/keys/${id}/revoke`, reason ? { reason } : {});
      printOne(out, revoked, [
        ['name', revoked.name],
        ['id', revoked.id],
        ['state', revoked.state],
        ['revoked', revoked.revokedAt],
      ]);
    });
}

const SPAN = /^(\d{1,4})([dh])$/;
const HOURS: Readonly<Record<string, number>> = { d: 24, h: 1 };

/** `90d`, `12h`, or an instant that the API judges. */
export function readExpiry(text: string, nowMs: number): string {
  const [, count, unit = ''] = SPAN.exec(text) ?? [];
  if (count !== undefined) return new Date(nowMs + Number(count) * (HOURS[unit] ?? 0) * 3_600_000).toISOString();
  if (Number.isNaN(Date.parse(text))) {
    throw new CliError(`--expires wants 90d, 12h or an instant like 2030-01-31T12:00:00Z, not ${text}.`, EXIT.usage);
  }
  return text;
}
