import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';
import { applyEdits, type Control } from './control.js';

/** Where this file is, compiled: `dist/test/attack`. A variant is a directory of the same shape. */
const DIST = join(import.meta.dirname, '../..');
const REPOSITORY = join(DIST, '..');

export interface Variant {
  /** Its `dist`. */
  readonly dist: string;
  remove(): void;
}

/**
 * A copy of the compiled program without one control, below `node_modules`, so that packages resolve.
 * @throws when the control is not where its entry says
 */
export const buildVariant = ({ name, edits }: Control): Variant => {
  const texts = applyEdits(edits, (file) => readFileSync(join(REPOSITORY, file), 'utf8'));
  const directory = join(REPOSITORY, 'node_modules/.cache', `millwright-without-${name}-${process.pid}`);
  const dist = join(directory, 'dist');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  cpSync(DIST, dist, { recursive: true });
  for (const file of ['package.json', '.swcrc']) cpSync(join(REPOSITORY, file), join(directory, file));
  for (const [file, text] of texts) {
    const target = join(dist, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compiled(file, text));
  }
  return { dist, remove: () => rmSync(directory, { recursive: true, force: true }) };
};

const compiled = (file: string, text: string): string => {
  if (!file.endsWith('.ts')) return text;
  return transformSync(text, { filename: join(REPOSITORY, file), configFile: join(REPOSITORY, '.swcrc') }).code;
};
