import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyEdits, type Cut } from './cut.js';

/** Where this file is, compiled: `dist/test/support/variant`. A variant is a directory of the repository's shape. */
const REPOSITORY = join(import.meta.dirname, '../../../..');
const NOT_COPIED = new Set(['.git', 'node_modules', 'coverage']);

export interface Variant {
  /** Sources and tests, without the cut. */
  readonly directory: string;
  /** Its program, compiled and bundled. */
  readonly dist: string;
  remove(): void;
}

/**
 * A copy of the repository and its program without one thing, in a temporary directory.
 * @throws when the cut is not where its entry says, or what is left does not compile
 */
export const buildVariant = ({ name, edits }: Cut): Variant => {
  const texts = applyEdits(edits, (file) => readFileSync(join(REPOSITORY, file), 'utf8'));
  const directory = mkdtempSync(join(tmpdir(), `millwright-without-${name}-`));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    // A sandbox runs programs of it under another user.
    chmodSync(directory, 0o755);
    // The build compiles only what is newer than its result.
    for (const entry of readdirSync(REPOSITORY).filter((one) => !NOT_COPIED.has(one)))
      cpSync(join(REPOSITORY, entry), join(directory, entry), { recursive: true, preserveTimestamps: true });
    symlinkSync(realpathSync(join(REPOSITORY, 'node_modules')), join(directory, 'node_modules'));
    for (const [file, text] of texts) writeFileSync(join(directory, file), text);
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
    return { directory, dist: join(directory, 'dist'), remove };
  } catch (error) {
    remove();
    throw error;
  }
};
