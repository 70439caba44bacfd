import type { Command } from 'commander';
import { canAskModel, loadConfig } from '../../infra/config.js';
import type { Check } from '../../infra/embedded/doctor/check.js';
import { examine } from '../../infra/embedded/doctor/doctor.js';
import { runStackUntilSignal, startStackDetached } from '../../infra/embedded/lifecycle.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { stackStatus } from '../../infra/embedded/status.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { limitLines, readLimits } from '../github/limits.js';
import { printInvariants } from '../invariants.js';
import { details, printJson, table } from '../output.js';
import { FOREGROUND, stackOptions } from '../stack.js';
import { readHolders } from './control.commands.js';
import { addDownCommand } from './down.command.js';

export function addStackCommands(program: Command, contextOf: () => Context): void {
  program
    .command('up')
    .description('start Millwright: PostgreSQL, Temporal with its UI, API and worker')
    .option('--foreground', 'stay attached and end with this process (for containers and service files)')
    .action(async (options: { readonly foreground?: boolean }) => {
      const { out } = contextOf();
      const config = loadConfig();
      if (options.foreground) {
        await runStackUntilSignal(stackOptions(config, out.say));
        return;
      }
      if (readStackFacts(config.layout)) out.say(`Millwright runs already in ${config.layout.home}.`);
      else await startStackDetached({ layout: config.layout, argv: FOREGROUND, say: out.say });
      await printStatus(contextOf());
      if (!canAskModel())
        out.say('\nNo model key is set, so only `command` agents can run: millwright doctor says more.');
    });

  addDownCommand(program, contextOf);

  program
    .command('status')
    .description('what runs, and where')
    .action(() => printStatus(contextOf()));

  program
    .command('doctor')
    .description('look for what would keep Millwright from working, with remedies')
    .option('--deep', 'compare what the database, the forge, Temporal and the disk say of all work so far')
    .action(async ({ deep }: { readonly deep?: boolean }) => {
      const { out } = contextOf();
      if (deep) {
        await printInvariants(out);
        return;
      }
      const findings = await examine();
      if (out.json) printJson(out, findings);
      else for (const finding of findings) out.line(findingLines(finding));
      if (findings.some(({ ok, isRequired }) => !ok && isRequired))
        throw new CliError('Something keeps Millwright from working.', EXIT.failed);
    });
}

const findingLines = ({ name, ok, isRequired, finding, remedy }: Check): string => {
  const mark = ok ? 'ok    ' : isRequired ? 'FAIL  ' : 'advice';
  return `${mark}  ${name}: ${finding}${remedy === undefined ? '' : `\n        → ${remedy}`}`;
};

async function printStatus(context: Context): Promise<void> {
  const { out } = context;
  const config = loadConfig();
  const status = await stackStatus(config);
  if (status.kind === 'down') throw new CliError(`Millwright is not running in ${config.layout.home}.`, EXIT.failed);
  // A part that is away would have them wait.
  const isWhole = status.answers.every(({ ok }) => ok);
  const [limits, pausedBy] = isWhole ? await Promise.all([readLimits(context), readHolders(context)]) : [[], []];
  if (out.json) {
    printJson(out, { ...status, limits, pausedBy });
    return;
  }
  const { facts, answers } = status;
  const { layout } = config;
  out.line(
    table(
      [
        { title: 'process', of: (row) => row.name },
        { title: 'state', of: (row) => row.state },
        { title: 'pid', of: (row) => row.pid },
        { title: 'restarts', of: (row) => row.restarts },
        { title: 'answers', of: (row) => (row.ok === undefined ? '' : row.ok ? `in ${row.ms} ms` : row.reason) },
      ],
      facts.processes.map((process) => ({ ...process, ...answers.find(({ name }) => name === process.name) })),
    ),
  );
  out.line('');
  out.line(
    details([
      ['API', facts.apiUrl],
      ['API docs', `${facts.apiUrl}/api/docs`],
      ['Temporal UI', facts.temporalUiUrl],
      ['home', layout.home],
      ['logs', layout.logs],
      ['API key', layout.adminKeyFile],
      ...limitLines(limits),
      [
        'PAUSED',
        pausedBy.length === 0 ? undefined : `nothing starts or lands until millwright thaw (${pausedBy.join(', ')})`,
      ],
    ]),
  );
}
