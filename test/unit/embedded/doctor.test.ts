import { expect, test } from '@jest/globals';
import { checkNode, judgeGit } from '../../../infra/embedded/doctor/programs.js';

test('a Node below 20.19 is refused, and a later major is not', () => {
  expect(['20.18.3', '20.19.0', '22.1.0'].map((version) => checkNode(version).ok)).toEqual([false, true, true]);
});

test('a git without the security fixes is advised against, unless the distribution backports them', () => {
  const judged = [
    judgeGit('git version 2.37.9', undefined),
    judgeGit('git version 2.39.5', undefined),
    judgeGit('git version 2.39.5', '1:2.39.5-0+deb12u2'),
    judgeGit('git version 2.47.2', undefined),
    judgeGit('git version 2.47.3', undefined),
    judgeGit('git version 2.51.0 (Apple Git-155)', undefined),
  ];
  expect(judged.map(({ ok, isRequired }) => (ok ? 'ok' : isRequired ? 'refused' : 'advised'))).toEqual([
    'refused',
    'advised',
    'ok',
    'advised',
    'ok',
    'ok',
  ]);
});
