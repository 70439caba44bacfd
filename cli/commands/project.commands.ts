import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ApiClient, Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { findProject } from '../find.js';
import { type Column, printList, printOne } from '../output.js';
import { linearLines, requireTeam, untilTeamFound } from './linear-link.js';
import { collect } from './options.js';

/** At the root of a repository. */
export const CONFIG_FILE = 'millwright.yml';

const COLUMNS: readonly Column[] = [
  { title: 'name', of: (p) => p.name },
  { title: 'state', of: (p) => p.state },
  { title: 'base', of: (p) => baseThere(p) },
  { title: 'source', of: (p) => p.source },
  { title: 'reason', of: (p) => p.reason, max: 80 },
];

interface AddOptions {
  readonly name?: string;
  readonly base?: string;
  readonly forge?: string;
  readonly worker?: string;
  readonly acceptChecks?: boolean;
  readonly check?: readonly string[];
  readonly checks?: string;
  readonly sandbox?: string;
  readonly allowSetupNetwork?: boolean;
  readonly linear?: string;
}

export function addProjectCommands(program: Command, contextOf: () => Context): void {
  const project = program.command('project').description('repositories that Millwright works on');

  project
    .command('add <source>')
    .description('work on GitHub, or import a repository (path or https URL) whose source is never written to')
    .option('--name <name>', 'unique name; default: the last part of the source')
    .option('--forge <forge>', 'local or github; default: github for a repository of the configured GitHub')
    .option('--base <branch>', "base branch; default: the source's own")
    .option('--linear <team>', 'key of a team of Linear whose labelled issues become epics, such as ENG')
    .option('--worker <agent>', 'agent that implements its tasks')
    .option('--accept-checks', 'take the proposed checks as required checks')
    .option('--check <name=command>', 'add a required check; repeat for several', collect)
    .option('--checks <none>', 'take work without any required check')
    .option('--sandbox <none>', 'run commands UNPROTECTED on this host (only where bubblewrap cannot run)')
    .option('--allow-setup-network', 'let `setup` commands reach the network, in a sandbox without secrets')
    .action(async (source: string, options: AddOptions) => {
      const { out, api } = contextOf();
      const client = await api();
      const body = {
        source: isUrl(source) ? source : placeOf(source),
        ...(options.name ? { name: options.name } : {}),
        ...(options.forge ? { forge: options.forge } : {}),
        ...(options.base ? { baseBranch: options.base } : {}),
        ...(options.linear ? { linearTeam: options.linear } : {}),
        ...overridesOf(options),
      };
      const say = (text: string): unknown => out.json || out.line(text);
      const { id } = (await takeUpRefused(client, body, options)) ?? (await client.post<Resource>('/projects', body));
      let settled = await untilSettled(client, String(id), say);
      if (options.acceptChecks && hasProposals(settled)) {
        await client.send(`/projects/${id}`, { method: 'PATCH', body: { acceptChecks: true } });
        settled = await untilSettled(client, String(id), say);
      }
      settled = await untilTeamFound(client, settled, say);
      printProject(out, settled);
      if (settled.state !== 'ready') throw notReady(settled);
      requireTeam(settled);
    });

  project
    .command('list')
    .description('all live projects')
    .action(async () => {
      const { out, api } = contextOf();
      printList(
        out,
        await (await api()).list('/projects'),
        COLUMNS,
        'No project yet. Add one: millwright project add <path>',
      );
    });

  project
    .command('show <project>')
    .description('state, configuration and the line that fetches the result')
    .action(async (name: string) => {
      const { out, api } = contextOf();
      printProject(out, await findProject(await api(), name));
    });

  project
    .command('remove <project>')
    .description('forget a project that has no open work')
    .option('--reason <text>', 'kept in the decision log')
    .action(async (name: string, { reason }: { readonly reason?: string }) => {
      const { out, api } = contextOf();
      await removeProject(await api(), out, name, reason);
    });

  project
    .command('link <project>')
    .description('take the labelled issues of a team of Linear as epics, or no longer')
    .requiredOption('--linear <team>', 'key of the team, such as ENG; `none` unlinks the project')
    .action(async (name: string, { linear }: { readonly linear: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const { id } = await findProject(client, name);
      const linked = await client.send(`/projects/${id}`, { method: 'PATCH', body: { linearTeam: linear } });
      const looked = await untilTeamFound(client, linked, (text) => out.json || out.line(text));
      printProject(out, looked);
      requireTeam(looked);
    });

  project
    .command('set <project>')
    .description('say what takes the place of its base branch at the forge; open work goes on with it')
    .requiredOption('--base <branch>', 'a branch that is there')
    .action(async (name: string, { base }: { readonly base: string }) => {
      const { out, api } = contextOf();
      const client = await api();
      const { id } = await findProject(client, name);
      await client.send(`/projects/${id}`, { method: 'PATCH', body: { baseBranch: base } });
      const settled = await untilSettled(client, String(id), (text) => out.json || out.line(text));
      printProject(out, settled);
      if (settled.state !== 'ready') throw notReady(settled);
    });

  project
    .command('sync <project>')
    .description('import again what the source has gained')
    .action(async (name: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const { id } = await findProject(client, name);
      await client.post(`/projects/${id}/sync`);
      const settled = await untilSettled(client, String(id), (text) => out.json || out.line(text));
      printProject(out, settled);
      if (settled.state !== 'ready') throw notReady(settled);
    });
}

const notReady = ({ reason }: Resource): CliError => new CliError(String(reason ?? 'The project is not ready.'));

async function removeProject(client: ApiClient, out: Context['out'], name: string, reason?: string): Promise<void> {
  const { id } = await findProject(client, name);
  const removed = await client.post(`/projects/${id}/archive`, reason ? { reason } : {});
  printOne(out, removed, [
    ['removed', removed.name],
    ['id', removed.id],
    ['fetch result', removed.pullCommand],
  ]);
  if (out.json) return;
  out.line(
    '\nIts mirror, trees and layers go with the next sweep; what it landed can be fetched for 90 days. The source',
  );
  out.line('was never written to, and its name is free again.');
}

/** An empty one, of a variable that is not set, would be the directory that one happens to be in. */
const placeOf = (source: string): string => {
  if (source.trim() === '') throw new CliError('The source is empty: give a path or an https:// address.', EXIT.usage);
  return resolve(source);
};

/** `git@host:path` too; the API says which of them it takes. */
const isUrl = (source: string): boolean => /^([a-z+]+:\/\/|[^/]+@[^/]+:)/i.test(source);

/**
 * Adding a source again, now with checks, is how people answer a refusal that asked for some: the project that was
 * refused is taken up with what is said now.
 */
async function takeUpRefused(
  client: ApiClient,
  { source, ...said }: { readonly source: string; readonly overrides?: Resource; readonly linearTeam?: string },
  { acceptChecks }: AddOptions,
): Promise<Resource | undefined> {
  if (!acceptChecks && said.overrides === undefined) return undefined;
  const refused = await client.list('/projects', { state: 'refused' }, 10_000);
  const found = refused.find((project) => project.source === source);
  const { overrides, linearTeam } = said;
  const change = { ...(overrides ? { overrides } : {}), ...(linearTeam ? { linearTeam } : {}) };
  if (found && Object.keys(change).length > 0)
    await client.send(`/projects/${found.id}`, { method: 'PATCH', body: change });
  return found;
}

/** Those of the repository's own file or of an admin; what is proposed is none yet. */
const hasChecks = ({ config }: Resource): boolean => {
  const { checks } = (config ?? {}) as { readonly checks?: readonly unknown[] }; // by the API's schema
  return checks !== undefined && checks.length > 0;
};

/** The file of the inspected commit was read, and this is not what is wrong. */
const hasFile = ({ config }: Resource): boolean =>
  (config as { readonly hasFile?: boolean } | undefined)?.hasFile === true; // by the API's schema

/** The inspection names the line and column of each mistake. */
const isFileWrong = ({ reason }: Resource): boolean => new RegExp(`${CONFIG_FILE}:\\d+:\\d+: `).test(String(reason));

/** What the rules of the base branch require of the forge's own CI. */
const contextsOf = ({ config }: Resource): readonly string[] | undefined => {
  const { forgeChecks } = (config ?? {}) as { readonly forgeChecks?: readonly { context: string; appId?: number }[] }; // as the inspection stores them
  return forgeChecks?.map(({ context, appId }) => (appId === undefined ? context : `${context} (App ${appId})`));
};

/** What people commit on: the branch as the forge calls it now. */
const baseThere = ({ baseBranch, forgeBaseBranch }: Resource): unknown => forgeBaseBranch ?? baseBranch;

/** Work that is under way keeps the name it began with. */
const baseOf = ({ baseBranch, forgeBaseBranch }: Resource): unknown =>
  forgeBaseBranch ? `${forgeBaseBranch} (called ${baseBranch} here)` : baseBranch;

const hasProposals = ({ proposals }: Resource): boolean => Array.isArray(proposals) && proposals.length > 0;

function overridesOf(options: AddOptions): { readonly overrides?: Resource } {
  const overrides: Record<string, unknown> = {};
  if (options.worker) overrides.agents = { worker: { use: options.worker } };
  if (options.checks !== undefined) {
    if (options.checks !== 'none') throw new CliError('--checks takes only `none`.', EXIT.usage);
    overrides.checks = 'none';
  }
  if (options.sandbox !== undefined) {
    if (options.sandbox !== 'none') throw new CliError('--sandbox takes only `none`.', EXIT.usage);
    overrides.sandbox = 'none';
  }
  if (options.allowSetupNetwork) overrides.setupNetwork = true;
  if (options.check) overrides.checks = options.check.map(parseCheck);
  return Object.keys(overrides).length > 0 ? { overrides } : {};
}

function parseCheck(text: string): { readonly name: string; readonly run: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new CliError(`--check wants name=command, not ${text}.`, EXIT.usage);
  return { name: text.slice(0, at), run: text.slice(at + 1) };
}

export async function untilSettled(client: ApiClient, id: string, say: (text: string) => unknown): Promise<Resource> {
  say('Importing and running the required checks on the tip …');
  let said = '';
  for (;;) {
    const project = await client.get(`/projects/${id}`);
    if (project.state !== 'importing') return project;
    const waits = ((project.waitingFor ?? []) as readonly string[]).join('; '); // by the API's schema
    if (waits !== said && waits !== '') say(`Waiting for ${waits} …`);
    said = waits;
    await sleep(300);
  }
}

export function printProject(out: Parameters<typeof printOne>[0], project: Resource): void {
  printOne(out, project, [
    ['name', project.name],
    ['id', project.id],
    ['state', project.state],
    ['reason', project.reason],
    ['source', project.source],
    ['base branch', baseOf(project)],
    ['waits for', project.waitingFor],
    ['imported', project.tipSha],
    ['sandbox', project.sandbox === 'none' ? 'NONE: commands run unprotected on this host' : project.sandbox],
    ['required by CI', contextsOf(project)],
    ...linearLines(project),
    ['CAVEAT', project.caveats],
    ['fetch result', project.pullCommand],
  ]);
  if (out.json || project.state === 'ready') return;
  if (isFileWrong(project)) {
    out.line(
      `\nMend ${CONFIG_FILE} as it says, commit it on ${baseThere(project)}, then millwright project sync ${project.name}`,
    );
    return;
  }
  if (hasChecks(project)) return;
  const file = join(String(project.source), CONFIG_FILE);
  if (!hasFile(project) && existsSync(file)) {
    out.line(
      `\n${file} is not on the branch ${baseThere(project)}: commit it, then millwright project sync ${project.name}`,
    );
    return;
  }
  if (!hasProposals(project)) return;
  out.line(
    `\nProposed checks for ${basename(String(project.source))} (accept with --accept-checks, or give your own with --check):`,
  );
  for (const proposal of project.proposals as readonly Resource[]) out.line(`  ${proposal.name}: ${proposal.run}`);
}
