import type { Command } from 'commander';
import { loadConfig } from '../../infra/config.js';
import { examine } from '../../infra/embedded/doctor.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import { createContext } from '../context.js';
import { startDaemon, stopDaemon } from '../daemon.js';
import { CliError, EXIT } from '../errors.js';
import { details, table } from '../output.js';

export function addStackCommands(program: Command): void {
  program
    .command('up')
    .description('start Millwright: PostgreSQL, Temporal with its UI, API and worker')
    .option('--foreground', 'stay attached and end with this process (for containers and service files)')
    .action(async (options: { readonly foreground?: boolean }) => {
      const { out } = createContext(program.opts());
      if (options.foreground) {
        await import('../supervise.js');
        return;
      }
      const { layout } = loadConfig();
      if (readStackFacts(layout)) out.line(`Millwright runs already in ${layout.home}.`);
      else await startDaemon(layout, (text) => out.line(text));
      printStatus(program);
    });

  program
    .command('down')
    .description('stop everything that `up` started; nothing is lost, work goes on at the next `up`')
    .action(async () => {
      const { out } = createContext(program.opts());
      out.line((await stopDaemon(loadConfig().layout)) ? 'Millwright is down.' : 'Millwright was not running.');
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
      const findings = await examine(loadConfig());
      if (out.json) out.line(JSON.stringify(findings, undefined, 2));
      else for (const finding of findings) out.line(findingLines(finding));
      if (findings.some(({ ok }) => !ok)) throw new CliError('Something needs your attention.', EXIT.failed);
    });
}

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly finding: string;
  readonly remedy?: string | undefined;
}

const findingLines = ({ name, ok, finding, remedy }: Finding): string =>
  `${ok ? 'ok  ' : 'FAIL'}  ${name}: ${finding}${ok || remedy === undefined ? '' : `\n      → ${remedy}`}`;

function printStatus(program: Command): void {
  const { out } = createContext(program.opts());
  const { layout } = loadConfig();
  const facts = readStackFacts(layout);
  if (!facts) throw new CliError(`Millwright is not running in ${layout.home}.`, EXIT.failed);
  if (out.json) {
    out.line(JSON.stringify(facts, undefined, 2));
    return;
  }
  out.line(
    table(
      [
        { title: 'process', of: (row) => row.name },
        { title: 'state', of: (row) => row.state },
        { title: 'pid', of: (row) => row.pid },
        { title: 'starts', of: (row) => row.starts },
      ],
      facts.processes.map((process) => ({ ...process })),
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
