import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { createFile, replaceFile } from '../../atomic-file.js';
import type { GithubAppFile } from '../../config/github.js';

/**
 * Keeps what opens the App, for its owner alone. When this returns, a power cut does not undo it: GitHub shows the key
 * once. Answers false when there is a file already that must stay.
 */
export function keepApp(path: string, app: GithubAppFile, { mayReplace }: { readonly mayReplace: boolean }): boolean {
  const text = `${JSON.stringify(app, undefined, 2)}\n`;
  if (mayReplace) replaceFile(path, text);
  else if (!createFile(path, text)) return false;
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
  return true;
}
