import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HINT_EVENTS, hintOf } from '../../../domain/forge/hint.js';
import { tries } from '../../support/fuzz.js';
import { exampleOf, WEBHOOK_EXAMPLES } from '../../support/webhook-examples.js';

const sha = (digit: string): string => digit.repeat(40);
const repository = { id: 7, full_name: 'octo-org/octo-repo' };
const of = (event: string, payload: object) => hintOf(event, { repository, ...payload });

test('every example that GitHub publishes is a hint or is ignored, by its event alone', () => {
  expect(WEBHOOK_EXAMPLES.length).toBeGreaterThan(300);
  const hinted = new Set<string>();
  for (const { event, at, payload } of WEBHOOK_EXAMPLES) {
    const hint = hintOf(event, payload);
    const isTag = String(payload.ref).startsWith('refs/tags/');
    expect([event, at, hint !== undefined]).toEqual([event, at, HINT_EVENTS.some((one) => one === event) && !isTag]);
    if (hint !== undefined) hinted.add(event);
  }
  expect([...hinted].sort()).toEqual([...HINT_EVENTS].sort());
});

test('each kind of event says where to look', () => {
  const subjectOf = (event: string) => hintOf(event, exampleOf(event))?.subject;
  expect(Object.fromEntries(HINT_EVENTS.map((event) => [event, subjectOf(event)]))).toEqual({
    issues: { kind: 'issue', number: 1 },
    issue_comment: { kind: 'comment', id: 492700400, number: 1, isPullRequest: false },
    pull_request: { kind: 'pull_request', number: 2 },
    pull_request_review: { kind: 'pull_request', number: 2 },
    check_run: { kind: 'commit', sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821' },
    check_suite: { kind: 'commit', sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821' },
    status: { kind: 'commit', sha: '6113728f27ae82c7b1a177c8d03f9e96e0adf246' },
    push: undefined, // the first example is a tag
    merge_group: { kind: 'commit', sha: '2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d' },
    installation: { kind: 'none' },
    installation_repositories: { kind: 'none' },
    ping: { kind: 'none' },
  });
});

test('a push to a branch tells where it was and where it is', () => {
  const payload = { ref: 'refs/heads/main', before: sha('a'), after: sha('b'), installation: { id: 9 } };
  expect(of('push', payload)).toEqual({
    event: 'push',
    repositoryId: 7,
    repository: 'octo-org/octo-repo',
    installationId: 9,
    subject: { kind: 'branch', ref: 'refs/heads/main', before: sha('a'), after: sha('b') },
  });
});

test('a check of ours that somebody asks for again says by whom; any other word about checks is about the commit', () => {
  const commit = { kind: 'commit', sha: sha('a') };
  const subjectOf = (event: string, payload: object) => of(event, payload)?.subject;
  const rerequested = { action: 'rerequested', sender: { login: 'octo-cat' } };
  const run = { check_run: { id: 9, head_sha: sha('a') } };
  const suite = { check_suite: { id: 8, head_sha: sha('a') } };
  const rerun = { kind: 'rerun', sha: sha('a'), by: 'octo-cat' };
  expect(subjectOf('check_run', { ...rerequested, ...run })).toEqual({ ...rerun, checkRun: 9 });
  expect(subjectOf('check_suite', { ...rerequested, ...suite })).toEqual(rerun);
  expect(subjectOf('check_run', { ...rerequested, ...run, action: 'requested_action' })).toEqual(commit);
  expect(subjectOf('check_run', { ...run, action: 'rerequested', sender: { login: 'no name' } })).toEqual(commit);
  expect(subjectOf('check_suite', { ...suite, action: 'completed', sender: { login: 'octo-cat' } })).toEqual(commit);
});

test('a comment below a pull request says so', () => {
  const issue = { number: 3, pull_request: { url: 'https://api.github.com/…' } };
  expect(of('issue_comment', { action: 'created', issue, comment: { id: 8 } })).toMatchObject({
    action: 'created',
    subject: { kind: 'comment', id: 8, number: 3, isPullRequest: true },
  });
});

test.each<[string, string, object]>([
  ['an event that nobody looks at', 'star', {}],
  ['the name of something that every object has', 'constructor', {}],
  ['a payload of another event', 'push', exampleOf('issues')],
  ['no repository', 'issues', { repository: undefined, issue: { number: 1 } }],
  ['a repository without a number', 'issues', { repository: { id: '7' }, issue: { number: 1 } }],
  ['a number that is none', 'issues', { issue: { number: '1' } }],
  ['a number below one', 'pull_request', { pull_request: { number: 0 } }],
  ['a number that is no whole one', 'pull_request', { pull_request: { number: 1.5 } }],
  ['a number beyond the exact ones', 'issues', { issue: { number: 2 ** 60 } }],
  ['a commit that is cut off', 'status', { sha: 'abc' }],
  ['a commit in capitals', 'status', { sha: sha('A') }],
  ['a branch without end', 'push', { ref: `refs/heads/${'x'.repeat(251)}`, before: sha('a'), after: sha('b') }],
  ['a branch with a line end', 'push', { ref: 'refs/heads/a\nb', before: sha('a'), after: sha('b') }],
  ['a branch with NUL', 'push', { ref: 'refs/heads/a\0b', before: sha('a'), after: sha('b') }],
  ['half of a surrogate pair', 'push', { ref: 'refs/heads/\ud800', before: sha('a'), after: sha('b') }],
  ['a tag', 'push', { ref: 'refs/tags/v1', before: sha('a'), after: sha('b') }],
  ['a comment without its issue', 'issue_comment', { comment: { id: 8 } }],
])('%s is no hint', (_, event, payload) => {
  expect(of(event, payload)).toBeUndefined();
});

test('what cannot be an action or a name is left out, and the rest is kept', () => {
  const odd = { action: 'x'.repeat(65), repository: { id: 7, full_name: '../..//etc' }, issue: { number: 1 } };
  expect(hintOf('issues', odd)).toEqual({ event: 'issues', repositoryId: 7, subject: { kind: 'issue', number: 1 } });
});

test('whatever is sent, a hint is small, holds nothing that was not asked for, and comes without an error', () => {
  const value = fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true });
  const names = ['action', 'repository', 'installation', 'issue', 'comment', 'pull_request', 'check_run', 'ref', 'sha'];
  const payload = fc.oneof(
    value,
    fc.dictionary(fc.constantFrom(...names, 'before', 'after', '__proto__'), value),
    fc.record({
      repository: fc.record({ id: fc.oneof(fc.nat(), value), full_name: fc.string({ unit: 'binary' }) }),
      issue: fc.record({ number: fc.oneof(fc.nat(), value), pull_request: value }),
      comment: fc.record({ id: fc.oneof(fc.nat(), value), body: fc.string({ minLength: 300 }) }),
      action: fc.oneof(fc.string({ unit: 'binary' }), value),
      ref: fc.string({ unit: 'binary', maxLength: 400 }).map((name) => `refs/heads/${name}`),
      before: fc.constant(sha('a')),
      after: fc.constant(sha('b')),
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...HINT_EVENTS), fc.string()), payload, (event, sent) => {
      const hint = hintOf(event, sent);
      if (hint === undefined) return;
      const text = JSON.stringify(hint);
      expect(text.length).toBeLessThan(2_500);
      expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/i);
      expect(['event', 'action', 'repositoryId', 'repository', 'installationId', 'subject']).toEqual(
        expect.arrayContaining(Object.keys(hint)),
      );
    }),
    tries(500),
  );
});
