import type { Command } from 'commander';
import type { Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { findId } from '../find.js';
import { type Column, printList, printOne } from '../output.js';
import { integer } from './options.js';

const MAIL_COLUMNS: readonly Column[] = [
  { title: 'id', of: (m) => String(m.id).slice(-12) },
  { title: 'at', of: (m) => String(m.createdAt).slice(0, 16).replace('T', ' ') },
  { title: 'from', of: (m) => correspondent(m.from), max: 30 },
  { title: 'to', of: (m) => correspondent(m.to), max: 30 },
  { title: 'kind', of: (m) => m.kind },
  { title: 'subject', of: (m) => m.subject },
  { title: 'answer', of: (m) => (m.answeredAt ? 'answered' : m.isWaiting ? 'WAITS' : '') },
];

const DECISION_COLUMNS: readonly Column[] = [
  { title: 'at', of: (d) => String(d.createdAt).slice(11, 19) },
  { title: 'kind', of: (d) => d.kind },
  { title: 'by', of: (d) => d.by, max: 20 },
  { title: 'title', of: (d) => d.title },
  { title: 'decision', of: (d) => d.decision },
];

const AGENT_COLUMNS: readonly Column[] = [
  { title: 'name', of: (a) => a.name },
  { title: 'role', of: (a) => a.role },
  { title: 'backend', of: (a) => a.backend },
  { title: 'model', of: (a) => a.model },
  { title: 'state', of: (a) => a.state },
];

/** `agent/x`, `human/y`; long ids are cut to what tells them apart. */
function correspondent(value: unknown): string {
  const { kind, id } = (value ?? {}) as Resource; // {kind, id} by the API's schema
  const name = String(id ?? '');
  return `${kind}/${name.length > 20 ? name.slice(-12) : name}`;
}

export function addTalkCommands(program: Command, contextOf: () => Context): void {
  const mail = program.command('mail').description('mail between people and agents; questions wait for an answer');

  mail
    .command('list', { isDefault: true })
    .description('mail to people, newest first (the default)')
    .option('--all', 'mail of agents, tasks and epics too')
    .option('--waiting', 'only questions that somebody waits for')
    .option('--epic <epic>', 'only of this epic')
    .action(async (options: { readonly all?: boolean; readonly waiting?: boolean; readonly epic?: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const epicId = options.epic ? await findId(client, '/epics', options.epic) : undefined;
      const query = {
        epicId,
        ...(options.all ? {} : { toKind: 'human' }),
        ...(options.waiting ? { waiting: true } : {}),
      };
      printList(out, await client.list('/mail', query), MAIL_COLUMNS, 'No mail.');
    });

  mail
    .command('read <mail>')
    .description('read one mail')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const id = await findId(client, '/mail', text);
      const shown = await client.post(`/mail/${id}/read`);
      printOne(out, shown, [
        ['from', correspondent(shown.from)],
        ['to', correspondent(shown.to)],
        ['subject', shown.subject],
        ['at', shown.createdAt],
        ['epic', shown.epicId],
        ['task', shown.taskId],
      ]);
      if (out.json) return;
      out.line(`\n${shown.body}`);
      if (shown.isWaiting) out.line(`\nAnswer with: millwright mail reply ${id.slice(-12)} "…"`);
    });

  mail
    .command('reply <mail> <text>')
    .description('answer a question, or write back')
    .action(async (mailId: string, text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const id = await findId(client, '/mail', mailId);
      const sent = await client.post(`/mail/${id}/reply`, { body: text });
      printOne(out, sent, [['sent', sent.id]]);
    });

  program
    .command('decisions')
    .description('the decision log: transitions, choices, tool calls')
    .option('--epic <epic>', 'only of this epic')
    .option('--task <task>', 'only of this task')
    .option('--kind <kind>', 'decision, transition, verdict, recovery, human, tool_use, tool_result, tool_error')
    .option('--limit <n>', 'how many', integer(1, 10_000), 100)
    .action(
      async (options: {
        readonly epic?: string;
        readonly task?: string;
        readonly kind?: string;
        readonly limit: number;
      }) => {
        const { out, api } = contextOf();
        const client = await api();
        const epicId = options.epic ? await findId(client, '/epics', options.epic) : undefined;
        const taskId = options.task ? await findId(client, '/tasks', options.task) : undefined;
        const rows = await client.list('/decisions', { epicId, taskId, kind: options.kind }, options.limit);
        printList(out, rows, DECISION_COLUMNS, 'No decision yet.');
      },
    );

  const agents = program
    .command('agents')
    .description('registered agents')
    .action(async () => {
      const { out, api } = contextOf();
      printList(
        out,
        await (await api()).list('/agents'),
        AGENT_COLUMNS,
        'No agent is registered: is a worker running?',
      );
    });

  agents
    .command('clear')
    .description('let an agent that crashed again and again be started again')
    .argument('<name>', 'name of the agent')
    .option('--reason <text>', 'why; it is logged')
    .action(async (name: string, { reason }: { readonly reason?: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const agent = (await client.list('/agents', {}, 10_000)).find((one) => one.name === name);
      if (!agent) throw new CliError(`There is no agent named ${name}.`, EXIT.failed);
      const cleared = await client.post(`/agents/${agent.id}/clear-crashes`, { reason });
      printOne(
        out,
        cleared,
        AGENT_COLUMNS.map(({ title, of }) => [title, of(cleared)] as const),
      );
    });
}
