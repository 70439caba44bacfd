import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
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
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return draft;
};
