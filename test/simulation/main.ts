// Repeats or widens what the test command simulates: `npm run simulate -- --world queue --seed 7`, `-- --seeds 100000`.
import { readCommandLine } from '../support/options.js';
import { explore, report, seedsFrom } from './explore.js';
import { WORLDS } from './worlds.js';

const { values } = readCommandLine('npm run simulate -- [--world <name>] [--seed <n> | --from <n> --seeds <n>]', {
  options: {
    world: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    seeds: { type: 'string' },
  },
});

const isCount = (text: string): boolean => Number.isSafeInteger(Number(text)) && Number(text) > 0;
if (![values.seed, values.from, values.seeds].every((value) => value === undefined || isCount(value))) {
  process.stderr.write('--seed, --from and --seeds are whole numbers above 0.\n');
  process.exit(2);
}
const chosen = WORLDS.filter(({ name }) => values.world === undefined || name === values.world);
if (chosen.length === 0) {
  process.stderr.write(`There is no world “${values.world}”: ${WORLDS.map(({ name }) => name).join(', ')}.\n`);
  process.exit(2);
}
for (const world of chosen) {
  const started = process.hrtime.bigint();
  const first = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds ?? world.seeds) : 1;
  const found = await explore(world, seedsFrom(first, count));
  const seconds = (Number(process.hrtime.bigint() - started) / 1e9).toFixed(1);
  process.stdout.write(
    found ? `${report(found)}\n` : `${world.name}: seeds ${first} to ${first + count - 1} hold, ${seconds} s\n`,
  );
  if (found) process.exitCode = 1;
}
