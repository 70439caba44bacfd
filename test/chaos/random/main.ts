// Random faults, three at a time: `npm run chaos:random`, `-- --minutes M --epics N --seed S`. Without a seed one run
// with a fixed seed and one with a fresh one.

import { readCommandLine } from '../../support/options.js';
import { runUntilInterrupted } from '../interrupted.js';
import { runCase } from '../run-case.js';
import { randomFaults } from './random-faults.js';

const FIXED_SEED = 1;

const { values: options } = readCommandLine('npm run chaos:random -- [--minutes <n>] [--epics <n>] [--seed <n>]', {
  options: {
    minutes: { type: 'string', default: '20' },
    epics: { type: 'string', default: '20' },
    seed: { type: 'string' },
  },
});
const minutes = Number(options.minutes);
const epics = Number(options.epics);
const seeds = options.seed === undefined ? [FIXED_SEED, Date.now() % 100_000] : [Number(options.seed)];
const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (!(minutes > 0) || !Number.isSafeInteger(epics) || epics < 1 || !seeds.every(Number.isSafeInteger)) {
  process.stderr.write('--minutes is a number above 0; --epics and --seed are whole numbers.\n');
  process.exit(2);
}
await runUntilInterrupted(async (interrupted) => {
  let failed = 0;
  for (const seed of seeds) {
    say(`${minutes} min of random faults, ${epics} epics, seed ${seed}`);
    const result = await runCase(randomFaults({ minutes, epics, say }), seed, () => {}, interrupted);
    if (result.kind === 'failed') failed++;
    say(result.kind === 'passed' ? '✔ Everything holds.' : `✘ ${result.why}`);
    if (result.kind === 'failed')
      say(`Again with: npm run chaos:random -- --minutes ${minutes} --epics ${epics} --seed ${seed}`);
  }
  return failed > 0 ? 1 : 0;
});
