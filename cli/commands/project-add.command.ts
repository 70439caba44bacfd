import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { requireTeam, untilTeamFound } from './linear-link.js';
import { collect } from './options.js';
import { takeUpRefused } from './project-again.js';
import { patchProject, requireReady, untilSettled } from './project-settle.js';
import { hasProposals, printProject } from './project-view.js';

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

export function addProjectAddCommand(project: Command, contextOf: () => Context): void {
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
      const { acceptChecks = false } = options;
      const body = {
        source: isUrl(source) ? source : placeOf(source),
        ...(options.name ? { name: options.name } : {}),
        ...(options.forge ? { forge: options.forge } : {}),
        ...(options.base ? { baseBranch: options.base } : {}),
        ...(options.linear ? { linearTeam: options.linear } : {}),
        ...overridesOf(options),
      };
      const { id } =
        (await takeUpRefused(client, body, acceptChecks)) ?? (await client.post<Resource>('/projects', body));
      let settled = await untilSettled(client, String(id), out.say);
      if (acceptChecks && hasProposals(settled)) {
        await patchProject(client, id, { acceptChecks });
        settled = await untilSettled(client, String(id), out.say);
      }
      settled = await untilTeamFound(client, settled, out.say);
      printProject(out, settled);
      requireReady(settled);
      requireTeam(settled);
    });
}

/** An empty one, of a variable that is not set, would be the directory that one happens to be in. */
const placeOf = (source: string): string => {
  if (source.trim() === '') throw new CliError('The source is empty: give a path or an https:// address.', EXIT.usage);
  return resolve(source);
};

/** `git@host:path` too; the API says which of them it takes. */
const isUrl = (source: string): boolean => /^([a-z+]+:\/\/|[^/]+@[^/]+:)/i.test(source);

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
