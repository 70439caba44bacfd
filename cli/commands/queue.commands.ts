import type { Command } from 'commander';
import type { ApiClient, Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { findProject, idsEnding, isWholeId, theOne } from '../find.js';
import { type Column, printJson, printList, printOne, table } from '../output.js';

const QUEUE_COLUMNS: readonly Column[] = [
  { title: 'project', of: (q) => q.projectName },
  { title: 'branch', of: (q) => q.branch },
  { title: 'mode', of: (q) => q.mode },
  { title: 'entries', of: (q) => q.liveEntries },
  { title: 'reason', of: (q) => q.waitingFor ?? q.reason },
  { title: 'caveat', of: (q) => q.caveats, max: 80 },
];

const ENTRY_COLUMNS: readonly Column[] = [
  { title: 'id', of: (e) => String(e.id).slice(-12) },
  { title: 'pr', of: (e) => `#${e.prNumber}` },
  { title: 'state', of: (e) => e.state },
  { title: 'title', of: (e) => e.title },
  { title: 'reason', of: (e) => e.reason },
];

/** Of a live entry, which says more than its row. */
const LIVE_COLUMNS: readonly Column[] = [
  { title: '#', of: (e) => e.position },
  { title: 'id', of: (e) => String(e.entryId).slice(-12) },
  { title: 'pr', of: (e) => `#${e.prNumber}` },
  { title: 'status', of: (e) => e.status },
  { title: 'title', of: (e) => e.title },
];

interface ReprioritiseOptions {
  readonly reason: string;
  readonly fixesBase?: boolean;
}

export function addQueueCommands(program: Command, contextOf: () => Context): void {
  const queue = program.command('queue').description('merge queues: one per project and target branch');

  queue
    .command('list', { isDefault: true })
    .description('all queues (the default)')
    .action(async () => {
      const { out, api } = contextOf();
      printList(out, await (await api()).list('/queues'), QUEUE_COLUMNS, 'No queue yet.');
    });

  queue
    .command('entries <project> [branch]')
    .description('what waits, builds and has landed')
    .action(async (project: string, branch: string | undefined) => {
      const { out, api } = contextOf();
      const client = await api();
      printList(
        out,
        await client.list(`${await queuePath(client, project, branch)}/entries`),
        ENTRY_COLUMNS,
        'The queue is empty.',
      );
    });

  queue
    .command('why <entry>')
    .description('why an entry has not landed')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const why = await client.get(`/queues/entries/${await findEntry(client, text)}/why`);
      if (out.json) printJson(out, why);
      else out.line(String(why.text));
    });

  queue
    .command('pause <project> [branch]')
    .description('let builds end, start and land nothing')
    .requiredOption('--reason <text>', 'shown to everyone who waits')
    .option('--drain', 'take no new entries, finish those that wait')
    .action(
      async (
        project: string,
        branch: string | undefined,
        options: { readonly reason: string; readonly drain?: boolean },
      ) => {
        const { out, api } = contextOf();
        const client = await api();
        const body = { mode: options.drain ? 'drain' : 'pause', reason: options.reason };
        printQueue(out, await client.post(`${await queuePath(client, project, branch)}/pause`, body));
      },
    );

  queue
    .command('open <project> [branch]')
    .description('end a pause or a drain')
    .action(async (project: string, branch: string | undefined) => {
      const { out, api } = contextOf();
      const client = await api();
      printQueue(out, await client.post(`${await queuePath(client, project, branch)}/open`));
    });

  queue
    .command('withdraw <entry>')
    .description('take an entry out')
    .option('--reason <text>', 'kept in the decision log')
    .action(async (text: string, options: { readonly reason?: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const body = options.reason ? { reason: options.reason } : {};
      printQueue(out, await client.post(`/queues/entries/${await findEntry(client, text)}/withdraw`, body));
    });

  queue
    .command('reprioritise <entry> <low|normal|urgent>')
    .description('move an entry forward or back')
    .requiredOption('--reason <text>', 'kept in the decision log')
    .option('--fixes-base', 'let it land while the base is red: it mends the base (admin keys only)')
    .option('--no-fixes-base', 'take that back')
    .action(async (text: string, priority: string, options: ReprioritiseOptions) => {
      const { out, api } = contextOf();
      const client = await api();
      const level = ['low', 'normal', 'urgent'].indexOf(priority);
      if (level < 0) throw new CliError('The priority is low, normal or urgent.', EXIT.usage);
      const { reason, fixesBase } = options;
      const body = { priority: level, reason, ...(fixesBase === undefined ? {} : { fixesBase }) };
      printQueue(out, await client.post(`/queues/entries/${await findEntry(client, text)}/reprioritise`, body));
    });
}

/** A lane keeps the name that the base began with; people may say what the forge calls it now. */
async function queuePath(client: ApiClient, project: string, branch: string | undefined): Promise<string> {
  const { id, baseBranch, forgeBaseBranch } = await findProject(client, project);
  const lane = branch === undefined || branch === forgeBaseBranch ? String(baseBranch) : branch;
  return `/queues/${id}/${encodeURIComponent(lane)}`;
}

/** Entries are listed by queue, so the end of an id is looked for in all of them. */
async function findEntry(client: ApiClient, text: string): Promise<string> {
  if (isWholeId(text)) return text;
  const found: string[] = [];
  for (const { projectId, branch } of await client.list('/queues')) {
    const list = `/queues/${projectId}/${encodeURIComponent(String(branch))}/entries`;
    found.push(...(await idsEnding(client, list, text)));
  }
  return theOne(found, text, 'No queue has an entry that');
}

/** A queue as its workflow sees it: its lane, and what waits. */
function printQueue(out: Context['out'], queue: Resource): void {
  const lane = queue.lane as Resource; // an object by the API's schema
  printOne(out, queue, [
    ['branch', queue.branch],
    ['mode', lane.mode],
    ['paused by', lane.pausedBy],
    ['reason', lane.reason],
  ]);
  const entries = queue.entries as readonly Resource[]; // a list by the API's schema
  if (!out.json && entries.length > 0) out.line(`\n${table(LIVE_COLUMNS, entries)}`);
}
