import type { Command } from 'commander';
import type { ApiClient } from '../api-client.js';
import type { Context } from '../context.js';
import { findProject } from '../find.js';
import { printList, printOne } from '../output.js';
import { requireTeam, untilTeamFound } from './linear-link.js';
import { addProjectAddCommand } from './project-add.command.js';
import { patchProject, requireReady, syncProject, untilSettled } from './project-settle.js';
import { PROJECT_COLUMNS, printProject } from './project-view.js';

export function addProjectCommands(program: Command, contextOf: () => Context): void {
  const project = program.command('project').description('repositories that Millwright works on');

  addProjectAddCommand(project, contextOf);

  project
    .command('list')
    .description('all live projects')
    .action(async () => {
      const { out, api } = contextOf();
      printList(
        out,
        await (await api()).list('/projects'),
        PROJECT_COLUMNS,
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
      const looked = await untilTeamFound(client, await patchProject(client, id, { linearTeam: linear }), out.say);
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
      await patchProject(client, id, { baseBranch: base });
      await showSettled(client, out, String(id));
    });

  project
    .command('sync <project>')
    .description('import again what the source has gained')
    .action(async (name: string) => {
      const { out, api } = contextOf();
      const client = await api();
      const { id } = await findProject(client, name);
      await syncProject(client, id);
      await showSettled(client, out, String(id));
    });
}

async function showSettled(client: ApiClient, out: Context['out'], id: string): Promise<void> {
  const settled = await untilSettled(client, id, out.say);
  printProject(out, settled);
  requireReady(settled);
}

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
