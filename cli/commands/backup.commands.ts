import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../../infra/config.js';
import { backUp } from '../../infra/embedded/backup/backup.js';
import { restore } from '../../infra/embedded/backup/restore.js';
import { createLogger } from '../../infra/logging.js';
import type { Context } from '../context.js';
import { printOne } from '../output.js';

export function addBackupCommands(program: Command, contextOf: () => Context): void {
  program
    .command('backup <file>')
    .description('write all that this home knows into one file; it may be running')
    .action(async (file: string) => {
      const { out } = contextOf();
      const config = loadConfig();
      const logger = createLogger({ name: 'backup', level: 'error' });
      const made = await backUp({ config, file: resolve(file), say: out.say, logger });
      printOne(out, { ...made }, [
        ['backup', made.file],
        ['size', `${(made.bytes / 1024 / 1024).toFixed(1)} MiB`],
        ['of', made.madeAt],
        ['rows', total(made.rows)],
        ['repositories', made.repositories],
        ['engine', made.hasEngine ? 'included' : 'not included (TEMPORAL_ADDRESS): open work is started again'],
      ]);
      if (out.json) return;
      out.line('\nIt holds your code and what agents said, and no key: keep it as you keep the repositories.');
    });

  program
    .command('restore <file>')
    .description('fill an empty home with a backup; it must be down')
    .action(async (file: string) => {
      const { out } = contextOf();
      const config = loadConfig();
      const logger = createLogger({ name: 'restore', level: 'error' });
      const restored = await restore({ config, file: resolve(file), say: out.say, logger });
      printOne(out, { ...restored }, [
        ['home', config.layout.home],
        ['as of', restored.madeAt],
        ['rows', total(restored.rows)],
        ['repositories', restored.repositories],
      ]);
      if (out.json) return;
      out.line(
        '\nGo on with: millwright up. Open work goes on by itself; the first admin key of this home is a new one.',
      );
    });
}

const total = (rows: Readonly<Record<string, number>>): number =>
  Object.values(rows).reduce((sum, count) => sum + count, 0);
