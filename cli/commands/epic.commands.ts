import type { Command } from 'commander';
import type { Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { readPlanFile, readTextFile } from '../files.js';
import { findId, findProject } from '../find.js';
import { type Column, dollars, printList, printOne, table } from '../output.js';
import { showEpicLogs } from '../watch/epic-logs.js';
import { watchEpic } from '../watch/watch-epic.js';
import { integer } from './options.js';
import { TASK_COLUMNS } from './task.commands.js';

/** Of an epic that goes on. */
const phaseOf = ({ state, phase }: Resource): unknown => (state === 'COMPLETED' || state === 'CANCELLED' ? '' : phase);

const COLUMNS: readonly Column[] = [
  { title: 'id', of: (e) => String(e.id).slice(-12) },
  { title: 'state', of: (e) => e.state },
  { title: 'phase', of: phaseOf },
  { title: 'title', of: (e) => e.title },
  { title: 'waits for', of: (e) => e.waitingFor, max: 50 },
];

const PLAN_COLUMNS: readonly Column[] = [
  { title: 'key', of: (t) => t.key },
  { title: 'title', of: (t) => t.title },
  // Edges by the API's schema: {key, type, required}.
  { title: 'after', of: (t) => (t.dependsOn as readonly Resource[] | undefined)?.map(({ key }) => key) },
];

interface CreateOptions {
  readonly project: string;
  readonly description?: string;
  readonly descriptionFile?: string;
  readonly plan?: string;
  readonly planner?: string;
  readonly approval?: string;
  readonly mergeTarget?: string;
  readonly land?: string;
  readonly overlap?: string;
  readonly parallel?: number;
  readonly budget?: string;
  readonly priority?: number;
  readonly watch?: boolean;
}

export function addEpicCommands(program: Command, contextOf: () => Context): void {
  const epic = program.command('epic').description('larger pieces of work: planned, implemented, merged');

  epic
    .command('create <title>')
    .description('file an epic against a project')
    .requiredOption('--project <name>', 'project by name or id')
    .option('--description <text>', 'what is wanted, in Markdown')
    .option('--description-file <file>', 'the same, from a file')
    .option('--plan <file>', 'a plan as JSON or YAML, instead of letting one be made')
    .option('--planner <model|given>', 'given: wait for `epic plan`')
    .option('--approval <none|plan|all>', 'what a person approves first')
    .option('--merge-target <epic|base>', 'where tasks land')
    .option('--land <person|auto>', 'who lands the epic pull request')
    .option('--overlap <serialise|allow>', 'tasks that touch the same files')
    .option('--parallel <n>', 'tasks at once', integer(1, 100))
    .option('--budget <usd>', 'dollars for the whole epic')
    .option('--priority <n>', '1 (first) to 5', integer(1, 5))
    .option('--watch', 'follow it until it ends')
    .action(async (title: string, options: CreateOptions) => {
      const { out, api } = contextOf();
      const client = await api();
      const project = await findProject(client, options.project);
      const created = await client.post('/epics', { projectId: project.id, title, ...(await createBody(options)) });
      // Under --json the watch prints the epic at its end, and one command prints one document.
      if (!(options.watch && out.json)) printEpic(out, created);
      if (options.watch) await watchEpic(client, out, String(created.id));
    });

  epic
    .command('list')
    .description('epics, newest first')
    .option('--project <name>', 'only of this project')
    .option('--state <state>', 'only in this state: PLANNING, IN_PROGRESS, BLOCKED, COMPLETED, CANCELLED')
    .action(async (options: { readonly project?: string; readonly state?: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const projectId = options.project ? String((await findProject(client, options.project)).id) : undefined;
      printList(out, await client.list('/epics', { projectId, state: options.state }), COLUMNS, 'No epic yet.');
    });

  epic
    .command('show <epic>')
    .description('one epic with its tasks')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const id = await findId(client, '/epics', text);
      const shown = await client.get(`/epics/${id}`);
      printEpic(out, shown, out.json ? undefined : await client.get(`/epics/${id}/cost`));
      const tasks = await client.list(`/epics/${id}/tasks`);
      if (!out.json && tasks.length > 0) out.line(`\n${table(TASK_COLUMNS, tasks)}`);
    });

  epic
    .command('watch <epic>')
    .description('follow an epic until it ends')
    .action(async (text: string) => {
      const { out, api } = contextOf();
      const client = await api();
      await watchEpic(client, out, await findId(client, '/epics', text));
    });

  epic
    .command('logs <epic>')
    .description('what every check and agent run of the epic printed')
    .option('--follow', 'go on with what comes, until the epic ends')
    .action(async (text: string, { follow = false }: { readonly follow?: boolean }) => {
      const { out, api } = contextOf();
      const client = await api();
      await showEpicLogs(client, out, await findId(client, '/epics', text), follow);
    });

  epic
    .command('plan <epic> [file]')
    .description('show the plan, or give one from a JSON or YAML file')
    .action(async (text: string, file: string | undefined) => {
      const { out, api } = contextOf();
      const client = await api();
      const id = await findId(client, '/epics', text);
      const plan =
        file === undefined
          ? await client.get(`/epics/${id}/plan`)
          : await client.send(`/epics/${id}/plan`, { method: 'PUT', body: await readPlanFile(file) });
      printPlan(out, plan);
    });

  epic
    .command('approve <epic>')
    .description('approve the plan that waits')
    .option('--plan-version <n>', 'the version you have read; default: the newest', integer(1, 1_000_000))
    .action(async (text: string, options: { readonly planVersion?: number }) => {
      const { out, api } = contextOf();
      const client = await api();
      const id = await findId(client, '/epics', text);
      const planVersion = options.planVersion ?? (await client.get<{ version: number }>(`/epics/${id}/plan`)).version;
      printEpic(out, await client.post(`/epics/${id}/approve`, { planVersion }));
    });

  epic
    .command('budget <epic> <usd>')
    .description('set the dollars for the whole epic; runs that had reached the old limit are then to be resumed')
    .action(async (text: string, usd: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const id = await findId(client, '/epics', text);
      const body = { budgetMicroUsd: microUsd(usd, 'The budget') };
      const changed = await client.send(`/epics/${id}`, { method: 'PATCH', body });
      printEpic(out, changed, out.json ? undefined : await client.get(`/epics/${id}/cost`));
    });

  for (const [verb, description] of [
    ['land', "land the epic's pull request"],
    ['pause', 'let calls in flight end and start nothing more'],
    ['resume', 'go on after a pause'],
    ['cancel', 'end the epic and its tasks'],
    ['retry', 'retry every failed task'],
  ] as const) {
    epic
      .command(`${verb} <epic>`)
      .description(description)
      .option('--reason <text>', 'kept in the decision log')
      .action(async (text: string, options: { readonly reason?: string }) => {
        const { out, api } = contextOf();
        const client = await api();
        const id = await findId(client, '/epics', text);
        printEpic(out, await client.post(`/epics/${id}/${verb}`, options.reason ? { reason: options.reason } : {}));
      });
  }
}

function microUsd(text: string, what: string): number {
  const dollars = Number(text);
  if (!(dollars > 0 && Number.isFinite(dollars))) throw new CliError(`${what} wants dollars, like 12.50.`, EXIT.usage);
  return Math.round(dollars * 1e6);
}

async function createBody(options: CreateOptions): Promise<Resource> {
  const description =
    options.descriptionFile === undefined ? options.description : await readTextFile(options.descriptionFile);
  const { planner, approval, mergeTarget, land, overlap, parallel, priority } = options;
  const body = {
    description,
    planner,
    approval,
    mergeTarget,
    land,
    overlap,
    priority,
    maxParallelTasks: parallel,
    budgetMicroUsd: options.budget === undefined ? undefined : microUsd(options.budget, '--budget'),
    plan: options.plan === undefined ? undefined : await readPlanFile(options.plan),
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function printPlan(out: Context['out'], plan: Resource): void {
  printOne(out, plan, [
    ['version', plan.version],
    ['made by', plan.createdBy],
    ['origin', plan.origin],
    ['design', plan.design],
  ]);
  if (!out.json) out.line(`\n${table(PLAN_COLUMNS, plan.tasks as readonly Resource[])}`); // a list by the API's schema
}

function printEpic(out: Context['out'], epic: Resource, cost?: Resource): void {
  const links = (epic.links ?? {}) as Resource; // an object by the API's schema
  printOne(out, epic, [
    ['id', epic.id],
    ['title', epic.title],
    ['state', epic.state],
    ['phase', phaseOf(epic)],
    ['paused by', epic.pausedBy],
    ['blocked', epic.blockedReason],
    ['waits for', epic.waitingFor],
    ['branch', epic.branch],
    ['pull request', epic.prNumber],
    ['cost', cost && `${dollars(cost.costMicroUsd)} of ${dollars(cost.budgetMicroUsd)}`],
    ['CAVEAT', epic.caveats],
    ['Temporal UI', links.temporal],
  ]);
}
