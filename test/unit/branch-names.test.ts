import { expect, test } from '@jest/globals';
import { branchSlug, epicBranch, taskBranch } from '../../domain/branch-names.js';

const ID = '0197c1f0-0000-7000-8000-0123456789ab';

test('a branch name is the title as a slug and the last twelve digits of the id', () => {
  expect(taskBranch('Add a “login” page!', ID)).toBe('millwright/add-a-login-page-0123456789ab');
  expect(epicBranch('Überarbeite die Suche', ID)).toBe('millwright/epic/uberarbeite-die-suche-0123456789ab');
});

test.each([
  ['$(rm -rf /); `id` | sh', 'rm-rf-id-sh'],
  ['--upload-pack=x', 'upload-pack-x'],
  ['../../etc/passwd', 'etc-passwd'],
  ['a..b@{-1}.lock', 'a-b-1-lock'],
  ['\u202Eevil\u200B name\u0000', 'evil-name'],
  ['日本語', 'work'],
  ['   ', 'work'],
])('no title can put more than a name into the branch: %j', (title, slug) => {
  expect(branchSlug(title)).toBe(slug);
});

test('a slug has at most forty characters and does not end with a hyphen', () => {
  expect(branchSlug(`${'a'.repeat(39)} bcd`)).toBe('a'.repeat(39));
  expect(branchSlug('x'.repeat(300))).toHaveLength(40);
});
