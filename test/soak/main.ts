// Work for hours, and what it uses: `npm run soak`, `-- --minutes M --epics N`.
import { runUntilInterrupted } from '../chaos/interrupted.js';
import { runCase } from '../chaos/run-case.js';
import { readCommandLine } from '../support/options.js';
import { soak } from './soak.js';

const { values: options } = readCommandLine('npm run soak -- [--minutes <n>] [--epics <n of a round>]', {
  options: {
    minutes: { type: 'string', default: '120' },
    epics: { type: 'string', default: '3' },
  },
});
const minutes = Number(options.minutes);
const epics = Number(options.epics);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (!(minutes > 0) || !Number.isSafeInteger(epics) || epics < 1) {
  process.stderr.write('--minutes is a number above 0; --epics, those of a round, is a whole number.\n');
  process.exit(2);
}
await runUntilInterrupted(async (interrupted) => {
  say(`rounds of ${epics} epics for ${minutes} min`);
  const result = await runCase(soak({ minutes, epics, say }), 1, () => {}, interrupted);
  say(result.kind === 'passed' ? '✔ Nothing grows but what was done.' : `✘ ${result.why}`);
  return result.kind === 'passed' ? 0 : 1;
});
