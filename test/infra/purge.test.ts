import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type HomeLayout, homeLayout } from '../../infra/config/layout.js';
import { prepareHome } from '../../infra/embedded/home.js';
import { purgeHome } from '../../infra/embedded/purge.js';
import { tryOwnerLock } from '../../infra/owner-lock.js';

let directory: string;
let layout: HomeLayout;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millwright-purge-'));
  layout = homeLayout(join(directory, 'home'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A home as an instance leaves it, with a tree whose directories an agent closed. */
const usedHome = (): void => {
  prepareHome(layout, undefined);
  writeFileSync(layout.portsFile, '{}');
  const tree = join(layout.trees, 'live/t');
  mkdirSync(join(tree, 'closed'), { recursive: true });
  writeFileSync(join(tree, 'closed/file'), '');
  chmodSync(join(tree, 'closed'), 0o500);
  for (const name of ['sandbox', 'check-results']) mkdirSync(join(layout.home, name));
};

test('all that is ours goes, and the home with it', async () => {
  usedHome();
  expect(await purgeHome(layout)).toBeUndefined();
  expect(existsSync(layout.home)).toBe(false);
});

test('what a person put there stays, and nothing behind a link is touched', async () => {
  usedHome();
  writeFileSync(layout.hostFile, 'agents: []');
  mkdirSync(join(layout.home, 'notes'));
  const outside = join(directory, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'kept'), '');
  symlinkSync(outside, join(layout.trees, 'link'));
  expect(await purgeHome(layout)).toEqual(['host.yml', 'notes']);
  expect(readdirSync(outside)).toEqual(['kept']);
});

test('a directory that never was a home, or one in use, loses nothing', async () => {
  mkdirSync(join(layout.home, 'logs'), { recursive: true });
  await expect(purgeHome(layout)).rejects.toMatchObject({ type: 'InvalidState' });
  expect(readdirSync(layout.home)).toEqual(['logs']);
  usedHome();
  const attempt = tryOwnerLock(layout.lockFile);
  await expect(purgeHome(layout)).rejects.toMatchObject({ type: 'Conflict' });
  expect(existsSync(layout.trees)).toBe(true);
  expect(attempt.kind).toBe('held');
});
