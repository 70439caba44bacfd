import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from './repository.js';
import { isMissing } from './tree-record.js';

/** There from before the first damaged file goes until everything is whole again, whoever dies meanwhile. */
const UNFINISHED = 'millwright-damaged';
/** Its time is that of the last mending: what an index was told before may be gone. */
const MENDED = 'millwright-mended';

export const markUnfinished = (gitDir: string): Promise<void> => writeFile(join(gitDir, UNFINISHED), '');

export const isUnfinished = async (repo: Repository): Promise<boolean> =>
  (await timeOf(repo, UNFINISHED)) !== undefined;

export const markWhole = (repo: Repository): Promise<void> => rm(join(repo.dir, UNFINISHED), { force: true });

/** A write of nothing to an empty file would leave its time. */
export const markMended = (repo: Repository): Promise<void> =>
  writeFile(join(repo.dir, MENDED), `${new Date().toISOString()}\n`);

/** When objects of the repository last came back, after others were lost; undefined = never. */
export const mendedAtMs = (repo: Repository): Promise<number | undefined> => timeOf(repo, MENDED);

const timeOf = async ({ dir }: Repository, name: string): Promise<number | undefined> => {
  try {
    return (await stat(join(dir, name))).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};
