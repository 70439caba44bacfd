import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { detectProposals } from '../../domain/project-config/detect.js';
import { errorReason } from '../../infra/errors.js';
import { readConfigFile } from '../../infra/project-config/read.js';
import type { ApiClient, Resource } from '../api-client.js';
import type { Context } from '../context.js';
import { CliError } from '../errors.js';
import { configText } from '../init/config-text.js';
import { lookAt } from '../init/look.js';
import { printJson } from '../output.js';
import { untilSettled } from './project-settle.js';
import { CONFIG_FILE as FILE, printProject } from './project-view.js';

export function addInitCommands(program: Command, contextOf: () => Context): void {
  program
    .command('init [directory]')
    .description(`write a ${FILE} for a repository, and register it where Millwright runs`)
    .option('--no-register', 'only write the file')
    .action(async (directory: string | undefined, { register }: { readonly register: boolean }) => {
      const context = contextOf();
      const { out } = context;
      const root = resolve(directory ?? '.');
      if (!existsSync(join(root, '.git'))) {
        throw new CliError(`${root} is not the root of a git repository: run git init there, or name another one.`);
      }
      const written = writeConfig(root);
      out.say(written ? `Wrote ${join(root, FILE)}: read it, and correct it.` : `${FILE} is there and stays as it is.`);
      const client = register ? await reachable(context) : undefined;
      const project = client === undefined ? undefined : await registered(client, root, out.say);
      if (out.json) printJson(out, { file: join(root, FILE), written, project: project ?? null });
      else if (project?.state === 'ready') printProject(out, project);
      else if (project !== undefined)
        out.say(`Registered as ${project.name}; it takes work once ${FILE} is on its base branch.`);
      out.say(nextSteps(root, project));
    });
}

/** Answers false where there is one: what a person wrote is never replaced. */
function writeConfig(root: string): boolean {
  const file = join(root, FILE);
  // A dangling link counts: writing through it would end somewhere else.
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return false;
  try {
    writeFileSync(file, configText(detectProposals(lookAt(root))), { flag: 'wx' });
  } catch (error) {
    throw new CliError(`${file} cannot be written: ${errorReason(error)}`);
  }
  return true;
}

/** Undefined where Millwright does not run: the file is of use all the same. */
async function reachable({ api }: Context): Promise<ApiClient | undefined> {
  try {
    const client = await api();
    await client.get('/health/live');
    return client;
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
}

async function registered(client: ApiClient, root: string, say: (text: string) => unknown): Promise<Resource> {
  const known = (await client.list('/projects', {}, 10_000)).find(({ source }) => source === root);
  if (known !== undefined) return known;
  const { id } = await client.post('/projects', { source: root });
  return untilSettled(client, String(id), say);
}

/** What a person wrote into it counts too; one that is not valid is refused at the import, with its reasons. */
function hasSetup(root: string): boolean {
  const path = join(root, FILE);
  if (!existsSync(path)) return false; // a link that leads nowhere
  const file = readConfigFile(readFileSync(path));
  return file.kind === 'valid' && file.value.setup !== undefined;
}

function nextSteps(root: string, project: Resource | undefined): string {
  const commit = `git add ${FILE} && git commit -m "Configure Millwright"`;
  const network = hasSetup(root) ? ' --allow-setup-network' : '';
  const then =
    project === undefined
      ? ['millwright up', `millwright project add ${root}${network}`]
      : [
          network === ''
            ? `millwright project sync ${project.name ?? basename(root)}`
            : `millwright project add ${root}${network}`,
        ];
  if (project?.state === 'ready') return '';
  return ['', 'Next:', ...[commit, ...then].map((line) => `  ${line}`)].join('\n');
}
