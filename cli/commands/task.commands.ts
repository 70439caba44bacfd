import type { Command } from 'commander';
import type { Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { findId, findProject } from '../find.js';
import { type Column, printJson, printList, printOne } from '../output.js';
import { watchTask } from '../watch/watch-task.js';

export const TASK_COLUMNS: readonly Column[] = [
  { title: 'id', of: (t) => String(t.id).slice(-12) },
  { title: 'key', of: (t) => t.planKey },
  { title: 'state', of: (t) => t.state },
  { title: 'try', of: (t) => t.attempts },
  { title: 'pr', of: (t) => (t.prNumber ? `#${t.prNumber}` : '') },
  { title: 'title', of: (t) => t.title },
  { title: 'waits for', of: (t) => t.waitingFor, max: 50 },
];

export function addTaskCommands(program: Command, contextOf: () => Context): void {
  program
    .command('run <prompt>')
    .description('one task without an epic: implemented, tested, merged')
    .requiredOption('--project <name>', 'project by name or id')
    .option('--title <title>', 'default: the first line of the prompt')
    .option('--agent <name>', "default: the project's worker")
    .option('--detach', 'do not wait for its end')
    .action(
      async (
        prompt: string,
        options: {
          readonly project: string;
          readonly title?: string;
          readonly agent?: string;
          readonly detach?: boolean;
        },
      ) => {
        const { out, api } = contextOf();
        const client = await api();
        const project = await findProject(client, options.project);
        const title = options.title ?? (prompt.split('\n')[0] ?? prompt).slice(0, 200);
        const body = {
          projectId: project.id,
          title,
          description: prompt,
          ...(options.agent ? { agent: options.agent } : {}),
        };
        const created = await client.post('/tasks', body);
        // Under --json the watch prints the task at its end, and one command prints one document.
        if (options.detach || !out.json) printTask(out, created);
        if (!options.detach) await watchTask(client, out, String(created.id));
      },
    );

  const task = program.command('task').description('units of work; each ends in one pull request');

  task
    .command('list')
    .description('tasks, newest first')
    .option('--epic <epic>', 'only of this epic')
    .option('--project <name>', 'only of this project')
    .option('--state <state>', 'only in this state: PENDING, IN_PROGRESS, REVIEW, BLOCKED, COMPLETED, FAILED, …')
    .action(async (options: { readonly epic?: string; readonly project?: string; readonly state?: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const epicId = options.epic ? await findId(client, '/epics', options.epic) : undefined;
      const projectId = options.project ? String((await findProject(client, options.project)).id) : undefined;
      printList(
        out,
        await client.list('/tasks', { epicId, projectId, state: options.state }),
        TASK_COLUMNS,
        'No task yet.',
      );
    });

  task
    .command('show <task>')
    .description('one task')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      printTask(out, await client.get(`/tasks/${await findId(client, '/tasks', text)}`));
    });

  task
    .command('diff <task>')
    .description('what the task changes')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const answer = await client.get(`/tasks/${await findId(client, '/tasks', text)}/diff`);
      if (out.json) printJson(out, answer);
      else out.line(String(answer.diff).trimEnd() || 'The task has not changed anything yet.');
    });

  task
    .command('logs <task>')
    .description('check runs and agent runs of the task')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const answer = await client.get(`/tasks/${await findId(client, '/tasks', text)}/logs`);
      if (out.json) printJson(out, answer);
      else printLogs(out, answer.items as readonly Resource[]); // a list by the API's schema
    });

  for (const [verb, description] of [
    ['retry', 'start a failed task again from its last checkpoint'],
    ['cancel', 'end the task; its branch and tree go'],
    ['pause', 'let the call in flight end and start nothing more'],
    ['resume', 'go on after a pause or a block'],
  ] as const) {
    task
      .command(`${verb} <task>`)
      .description(description)
      .option('--reason <text>', 'kept in the decision log')
      .action(async (text: string, options: { readonly reason?: string }) => {
        const { out, api } = contextOf();
        const client = await api();
        const id = await findId(client, '/tasks', text);
        printTask(out, await client.post(`/tasks/${id}/${verb}`, options.reason ? { reason: options.reason } : {}));
      });
  }
}

function printLogs(out: Context['out'], items: readonly Resource[]): void {
  if (items.length === 0) out.line('No check and no run yet.');
  for (const { title, outcome, at, text } of items) {
    out.line(`── ${[title, outcome, at].filter(Boolean).join(' · ')}`);
    out.line(String(text).trimEnd());
  }
}

function printTask(out: Context['out'], task: Resource): void {
  const links = (task.links ?? {}) as Resource; // an object by the API's schema
  printOne(out, task, [
    ['id', task.id],
    ['title', task.title],
    ['state', task.state],
    ['attempt', task.attempts],
    ['paused by', task.pausedBy],
    ['blocked', task.blockedReason],
    ['failed', task.failureReason],
    ['waits for', task.waitingFor],
    ['branch', task.branch],
    ['head', task.headSha],
    ['pull request', task.prNumber],
    ['CAVEAT', task.caveats],
    ['Temporal UI', links.temporal],
  ]);
}
