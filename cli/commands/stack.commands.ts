import type { Command } from 'commander';
import { loadConfig } from '../../infra/config.js';
import type { Check } from '../../infra/embedded/doctor/check.js';
import { examine } from '../../infra/embedded/doctor/doctor.js';
import { runStackUntilSignal, startStackDetached, stopStack } from '../../infra/embedded/lifecycle.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { stackStatus } from '../../infra/embedded/status.js';
import { createContext } from '../context.js';
import { CliError, EXIT } from '../errors.js';
import { details, table } from '../output.js';
import { FOREGROUND, stackOptions } from '../stack.js';

export function addStackCommands(program: Command): void {
  program
    .command('up')
    .description('start Millwright: PostgreSQL, Temporal with its UI, API and worker')
    .option('--foreground', 'stay attached and end with this process (for containers and service files)')
    .action(async (options: { readonly foreground?: boolean }) => {
      const { out } = createContext(program.opts());
      const config = loadConfig();
      const say = (text: string): void => out.line(text);
      if (options.foreground) {
        await runStackUntilSignal(stackOptions(config, say));
        return;
      }
      if (readStackFacts(config.layout)) out.line(`Millwright runs already in ${config.layout.home}.`);
      else await startStackDetached({ layout: config.layout, argv: FOREGROUND, say: out.json ? () => {} : say });
      await printStatus(program);
    });

  program
    .command('down')
    .description('stop everything that `up` started; nothing is lost, work goes on at the next `up`')
    .action(async () => {
      const { out } = createContext(program.opts());
      const how = await stopStack(loadConfig().layout);
      out.line(DOWN[how]);
    });

  program
    .command('status')
    .description('what runs, and where')
    .action(() => printStatus(program));

  program
    .command('doctor')
    .description('look for what would keep Millwright from working, with remedies')
    .action(async () => {
      const { out } = createContext(program.opts());
      const findings = await examine();
      if (out.json) out.line(JSON.stringify(findings, undefined, 2));
      else for (const finding of findings) out.line(findingLines(finding));
      if (findings.some(({ ok, isRequired }) => !ok && isRequired))
        throw new CliError('Something keeps Millwright from working.', EXIT.failed);
    });
}

const DOWN = {
  stopped: 'Millwright is down.',
  killed: 'Millwright did not come to an end and was killed; nothing that it acknowledged is lost.',
  'not-running': 'Millwright was not running.',
} as const;

const findingLines = ({ name, ok, isRequired, finding, remedy }: Check): string => {
  const mark = ok ? 'ok    ' : isRequired ? 'FAIL  ' : 'advice';
  return `${mark}  ${name}: ${finding}${remedy === undefined ? '' : `\n        → ${remedy}`}`;
};

async function printStatus(program: Command): Promise<void> {
  const { out } = createContext(program.opts());
  const config = loadConfig();
  const status = await stackStatus(config);
  if (status.kind === 'down') throw new CliError(`Millwright is not running in ${config.layout.home}.`, EXIT.failed);
  if (out.json) {
    out.line(JSON.stringify(status, undefined, 2));
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
    ]),
  );
}
