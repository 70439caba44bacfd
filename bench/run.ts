// Benches compare with a baseline in the same run and print ratios; none asserts a time.
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import type { Comparison } from './comparison.js';
import { sandboxedCalls } from './sandbox.js';
import { temporalFlags } from './temporal-flags.js';

const BENCHES: Readonly<Record<string, () => Promise<Comparison>>> = {
  M10: sandboxedCalls,
  'temporal-flags': temporalFlags,
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

const figure = (value: number): string => value.toFixed(value < 20 ? 1 : 0);

const range = (values: readonly number[]): string =>
  `${figure(median(values))} (${figure(Math.min(...values))}–${figure(Math.max(...values))})`;

const print = ({ title, subject, rounds, rows }: Comparison): void => {
  const gib = Math.round(totalmem() / 2 ** 30);
  console.log(`${title}\n`);
  console.log(`${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown processor'}, ${gib} GiB`);
  console.log(`${platform()} ${release()} ${arch()}, Node ${process.version}`);
  console.log(subject);
  console.log(`${rounds} rounds, alternating; median (least–most)\n`);
  console.log('| | baseline | ours | median of the ratios |');
  console.log('|---|---|---|---|');
  for (const { name, unit, shows = 'gain', baseline, ours } of rows) {
    const gains = baseline.map((value, round) => value / (ours[round] ?? Number.NaN));
    const ratio = median(shows === 'gain' ? gains : gains.map((gain) => 1 / gain));
    console.log(`| ${name}, ${unit} | ${range(baseline)} | ${range(ours)} | ${ratio.toFixed(2)} × |`);
  }
};

const [name = ''] = process.argv.slice(2);
const bench = BENCHES[name];
if (bench === undefined) {
  console.error(`Which bench? ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
} else {
  print(await bench());
}
