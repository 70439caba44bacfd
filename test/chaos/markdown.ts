import type { ChaosCase } from './case.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The table of docs/chaos.md. */
export const markdownTable = (cases: readonly ChaosCase[]): string =>
  [
    '| case | what is done | what it would have caught |',
    '| --- | --- | --- |',
    ...cases.map(({ name, does, catches }) => `| \`${name}\` | ${cell(does)} | ${cell(catches)} |`),
  ].join('\n');
