import type { Control } from './control.js';
import { type Family, isStopped, type Result } from './vector.js';

const TABLE_WIDTH = 64;
const SHOWN_WAYS = 6;

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
const padded = (text: string): string => (text.length > TABLE_WIDTH ? text : text.padEnd(TABLE_WIDTH));
const controlsOf = (controls: readonly string[]): string => (controls.length === 0 ? '–' : controls.join(', '));

export const headline = ({ name, about }: Family): string => `\n${name}: ${about}`;

/** One row of the table: vector, result, control; below it, how it got through. */
export const row = (all: Result): string => {
  const { vector, attacks, through, untried, controls } = all;
  const result = isStopped(all) ? `stopped ${attacks}` : `THROUGH ${through.length} of ${attacks}`;
  const ways = through.slice(0, SHOWN_WAYS).map((way) => `      ${way}`);
  const more = through.length > SHOWN_WAYS ? [`      … and ${through.length - SHOWN_WAYS} more`] : [];
  const line = `  ${isStopped(all) ? '✓' : '✗'} ${padded(vector)} ${result.padEnd(16)} ${controlsOf(controls)}`;
  return [line, ...ways, ...more, ...(untried === undefined ? [] : [`      could not be tried: ${untried}`])].join(
    '\n',
  );
};

export const summary = (name: string, results: readonly Result[]): string => {
  const attacks = results.reduce((sum, result) => sum + result.attacks, 0);
  const through = results.reduce((sum, result) => sum + result.through.length, 0);
  const untried = results.filter((result) => result.untried !== undefined).length;
  const counts = `${plural(results.length, 'vector')}, ${plural(attacks, 'attack')}, ${attacks - through} stopped`;
  return `  ${name.padEnd(9)} ${counts}${untried === 0 ? '' : `, ${plural(untried, 'vector')} could not be tried`}`;
};

export const vectorList = (families: readonly Family[]): string =>
  families
    .flatMap((family) => [
      headline(family),
      ...family.vectors.map(({ name, controls }) => `  ${padded(name)} ${controlsOf(controls)}`),
    ])
    .join('\n');

export const controlList = (controls: readonly Control[]): string =>
  ['\nControls (--without <name>)', ...controls.map(({ name, about }) => `  ${name.padEnd(32)} ${about}`)].join('\n');
