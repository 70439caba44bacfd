// Attacks what must withstand it: `npm run attack`. Exit 1 when anything got through, 3 when something could not be tried.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildVariant } from '../support/variant/variant.js';
import { type AttackOptions, readOptions } from './arguments.js';
import type { Control } from './control.js';
import { CONTROLS } from './controls.js';
import { FAMILIES } from './families.js';
import { controlList, headline, row, summary, vectorList } from './report.js';
import { type Family, isStopped, type Listed, type Result, words } from './vector.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const familiesOf = ({ family, stoppedBy }: AttackOptions): readonly Family[] => {
  const known = FAMILIES.filter(({ name }) => family === undefined || name === family);
  if (known.length === 0)
    throw new Error(`There is no family ${family}: ${FAMILIES.map(({ name }) => name).join(', ')}.`);
  return known.filter(({ vectors }) =>
    vectors.some(({ controls }) => stoppedBy === undefined || controls.includes(stoppedBy)),
  );
};

const EXIT = { stopped: 0, through: 1, wrong: 2, untried: 3 } as const;
type Exit = (typeof EXIT)[keyof typeof EXIT];

const attack = async (options: AttackOptions): Promise<Exit> => {
  const isChosen = ({ name, controls, isSmoke }: Listed): boolean =>
    name.includes(options.vector ?? '') &&
    (options.stoppedBy === undefined || controls.includes(options.stoppedBy)) &&
    (!options.smoke || isSmoke === true);
  const done: { readonly name: string; readonly results: readonly Result[] }[] = [];
  for (const family of familiesOf(options)) {
    say(headline(family));
    const results: Result[] = [];
    await family.attack(isChosen, (result) => {
      results.push(result);
      say(row(result));
    });
    done.push({ name: family.name, results });
  }
  say(`\n${done.map(({ name, results }) => summary(name, results)).join('\n')}`);
  const all = done.flatMap(({ results }) => results);
  if (all.every(isStopped)) return EXIT.stopped;
  return all.some(({ through }) => through.length > 0) ? EXIT.through : EXIT.untried;
};

/** Runs the vectors of a control against the program without it. */
const attackWithout = (control: Control, options: AttackOptions): Exit => {
  say(`\nWithout ${control.name}: ${control.about}`);
  const variant = buildVariant(control);
  try {
    const family = options.family === undefined ? [] : ['--family', options.family];
    const argv = [join(variant.dist, 'test/attack/main.js'), '--stopped-by', control.name, ...family];
    const { status } = spawnSync(process.execPath, argv, { stdio: 'inherit' });
    return Object.values(EXIT).find((exit) => exit === status) ?? EXIT.wrong;
  } finally {
    variant.remove();
  }
};

/** A control whose removal lets nothing through is not tested. */
const attackWithoutEach = (options: AttackOptions): Exit => {
  const controls = controlsIn(options);
  const unnoticed = controls.filter((control) => attackWithout(control, options) !== EXIT.through);
  say(`\n  ${controls.length} controls removed in turn, ${unnoticed.length} unnoticed`);
  for (const { name } of unnoticed) say(`  ✗ nothing got through without ${name}`);
  return unnoticed.length === 0 ? EXIT.stopped : EXIT.through;
};

const controlsIn = ({ family }: AttackOptions): readonly Control[] =>
  CONTROLS.filter(({ name }) => family === undefined || name.startsWith(`${family}.`));

const main = async (): Promise<Exit> => {
  const options = readOptions();
  if (options.list) {
    say(vectorList(familiesOf(options)));
    say(controlList(controlsIn(options)));
    return EXIT.stopped;
  }
  if (options.without === undefined) return attack(options);
  if (options.without === 'each') return attackWithoutEach(options);
  const control = CONTROLS.find(({ name }) => name === options.without);
  if (control === undefined) throw new Error(`There is no control ${options.without}; --list names them.`);
  return attackWithout(control, options);
};

// What a vector that hangs has started must not keep this from ending.
try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`${words(error)}\n`);
  process.exit(EXIT.wrong);
}
