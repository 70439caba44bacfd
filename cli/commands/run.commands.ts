import type { Command } from 'commander';
import type { Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { findId } from '../find.js';
import { type Column, dollars, printList, printOne } from '../output.js';
import { integer } from './options.js';

const COLUMNS: readonly Column[] = [
  { title: 'id', of: (r) => String(r.id).slice(-12) },
  { title: 'kind', of: (r) => r.kind },
  { title: 'state', of: (r) => r.state },
  { title: 'paused by', of: (r) => r.pausedBy },
  { title: 'agent', of: (r) => r.agent },
  { title: 'task', of: (r) => (r.taskId ? String(r.taskId).slice(-12) : '') },
  { title: 'try', of: (r) => r.attempt },
  { title: 'turns', of: (r) => usageOf(r).turns },
  { title: 'cost', of: (r) => dollars(usageOf(r).costMicroUsd) },
  { title: 'started', of: (r) => String(r.startedAt ?? '').slice(11, 19) },
];

const usageOf = (run: Resource): Resource => (run.usage ?? {}) as Resource; // an object by the API's schema

interface ListOptions {
  readonly epic?: string;
  readonly task?: string;
  readonly state?: string;
  readonly limit: number;
}

/** Sessions of agents. `run` without the s files a task. */
export function addRunCommands(program: Command, contextOf: () => Context): void {
  const runs = program
    .command('runs')
    .description('sessions of agents: planning, implementing, fixing, answering mail');

  runs
    .command('list', { isDefault: true })
    .description('runs, newest first (the default)')
    .option('--epic <epic>', 'only of this epic')
    .option('--task <task>', 'only of this task')
    .option('--state <state>', 'only in this state: running, waiting (for mail), paused, completed, failed, …')
    .option('--limit <n>', 'how many', integer(1, 10_000), 50)
    .action(async (options: ListOptions) => {
      const { out, api } = contextOf();
      const client = await api();
      const epicId = options.epic ? await findId(client, '/epics', options.epic) : undefined;
      const taskId = options.task ? await findId(client, '/tasks', options.task) : undefined;
      const rows = await client.list('/runs', { epicId, taskId, state: options.state }, options.limit);
      printList(out, rows, COLUMNS, 'No run yet.');
    });

  runs
    .command('show <run>')
    .description('one run: state, usage, how it ended')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      printRun(out, await client.get(`/runs/${await findId(client, '/runs', text)}`));
    });

  for (const [verb, description] of [
    ['pause', 'let the call in flight end and make no other'],
    ['resume', 'go on after a pause, or grant a limit that was reached once more'],
    ['stop', 'end the run after its seal; its task is blocked until `task resume`'],
  ] as const) {
    runs
      .command(`${verb} <run>`)
      .description(description)
      .option('--reason <text>', 'kept in the decision log')
      .action(async (text: string, options: { readonly reason?: string }) => {
        const { out, api } = contextOf();
        const client = await api();
        const id = await findId(client, '/runs', text);
        printRun(out, await client.post(`/runs/${id}/${verb}`, options.reason ? { reason: options.reason } : {}));
      });
  }
}

function printRun(out: Context['out'], run: Resource): void {
  const links = (run.links ?? {}) as Resource; // an object by the API's schema
  const usage = usageOf(run);
  printOne(out, run, [
    ['id', run.id],
    ['kind', run.kind],
    ['state', run.state],
    ['paused by', run.pausedBy],
    ['agent', run.agent],
    ['model', run.model],
    ['task', run.taskId],
    ['epic', run.epicId],
    ['attempt', run.attempt],
    ['turns', usage.turns],
    ['tokens', `${usage.inputTokens} in, ${usage.cachedTokens} cached, ${usage.outputTokens} out`],
    ['cost', dollars(usage.costMicroUsd)],
    ['outcome', run.outcome],
    ['error', run.error],
    ['summary', run.summary],
    ['Temporal UI', links.temporal],
  ]);
}
