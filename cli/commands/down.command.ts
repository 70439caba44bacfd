import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { type Config, loadConfig } from '../../infra/config.js';
import { stopStack } from '../../infra/embedded/lifecycle.js';
import { ownParts, purgeHome } from '../../infra/embedded/purge.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { printJson } from '../output.js';

interface DownOptions {
  readonly purge?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
}

export function addDownCommand(program: Command, contextOf: () => Context): void {
  program
    .command('down')
    .description('stop everything that `up` started; nothing is lost, work goes on at the next `up`')
    .option('--purge', 'and remove all that this home holds: database, results, logs, keys')
    .option('--yes', 'do not ask (with --purge)')
    .option('--force', 'although work is open (with --purge)')
    .action(async (options: DownOptions) => {
      const context = contextOf();
      const { out } = context;
      const config = loadConfig();
      if (options.purge) await agreeToPurge(context, config, options);
      const how = await stopStack(config.layout);
      const left = options.purge ? await purgeHome(config.layout) : undefined;
      if (out.json) printJson(out, { result: how, ...(options.purge ? { purged: true, left: left ?? [] } : {}) });
      else if (!options.purge) out.line(DOWN[how]);
      else out.line(purged(config, left));
    });
}

const DOWN = {
  stopped: 'Millwright is down.',
  killed: 'Millwright did not come to an end and was killed; nothing that it acknowledged is lost.',
  'not-running': 'Millwright was not running.',
} as const;

const purged = ({ layout, databaseUrl, temporal }: Config, left: readonly string[] | undefined): string =>
  [
    left === undefined
      ? `${layout.home} is gone.`
      : `What was ours in ${layout.home} is gone; left: ${left.join(', ')}.`,
    ...(databaseUrl === undefined ? [] : ['The database of DATABASE_URL was not touched.']),
    ...(temporal.address === undefined ? [] : ['The Temporal server of TEMPORAL_ADDRESS was not touched.']),
  ].join('\n');

/** @throws CliError unless the person wants it, knowing what is lost */
async function agreeToPurge({ out, api }: Context, config: Config, { yes, force }: DownOptions): Promise<void> {
  const { layout } = config;
  if (!force && readStackFacts(layout) !== undefined) {
    const client = await api();
    const [epics, tasks] = await Promise.all([client.list('/epics', {}, 10_000), client.list('/tasks', {}, 10_000)]);
    const open =
      epics.filter(({ state }) => !['COMPLETED', 'CANCELLED'].includes(String(state))).length +
      tasks.filter(
        ({ state, epicId }) => !epicId && !['COMPLETED', 'CANCELLED', 'FAILED', 'SKIPPED'].includes(String(state)),
      ).length;
    if (open > 0) throw new CliError(`${open} epics or tasks are open: cancel them first, or say --force.`);
  }
  if (yes || ownParts(layout).length === 0) return;
  if (out.json || !process.stdin.isTTY) throw new CliError('--purge asks on a terminal only: say --yes.', EXIT.usage);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `Remove all of ${layout.home}, results that nobody has fetched included? Type yes: `;
    if ((await terminal.question(question)).trim() !== 'yes') throw new CliError('Nothing was stopped or removed.');
  } finally {
    terminal.close();
  }
}
