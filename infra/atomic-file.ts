import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { errorCode } from './errors.js';

/** Replaces a file in one step: a reader sees the old content or the new, never half of it, after a crash too. */
export const replaceFile = (path: string, content: string | Buffer, mode = 0o600): void => {
  renameSync(writeDraft(path, content, mode), path);
};

/** Creates a file with its content in one step. Answers false when it exists already. */
export const createFile = (path: string, content: string | Buffer, mode = 0o600): boolean => {
  const draft = writeDraft(path, content, mode);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
};

const writeDraft = (path: string, content: string | Buffer, mode: number): string => {
  const draft = `${path}.${process.pid}.${randomUUID()}`;
  const file = openSync(draft, 'wx', mode);
  try {
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return draft;
  } catch (error) {
    // On a full disk each try would leave one behind, and of a secret a part of it.
    unlinkSync(draft);
    throw error;
  }
};

/** As `replaceFile`, without waiting for the disk: for what is made anew when a power cut has lost it. */
export async function writeAtomically(path: string, text: string, mode = 0o644): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, text, { mode });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
