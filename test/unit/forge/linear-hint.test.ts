import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linearHintOf } from '../../../domain/forge/linear-hint.js';

const ID = '0b5d1a3e-7a43-4c1c-9f63-111111111111';
const TEAM = '0b5d1a3e-7a43-4c1c-9f63-222222222222';
const COMMENT = '0b5d1a3e-7a43-4c1c-9f63-333333333333';

test('an issue is hinted at with its team, and nothing of its text', () => {
  const data = { id: ID.toUpperCase(), teamId: TEAM, team: { id: TEAM, key: 'ENG' }, title: 'secret' };
  expect(linearHintOf({ type: 'Issue', action: 'update', data })).toEqual({
    event: 'Issue',
    action: 'update',
    teamId: TEAM,
    teamKey: 'ENG',
    issueId: ID,
    subject: { kind: 'tracked_issue', tracker: 'linear', key: ID },
  });
});

test('a comment is hinted at with the team of its issue', () => {
  const data = { id: COMMENT, issueId: ID, issue: { id: ID, teamId: TEAM }, body: '/millwright land' };
  expect(linearHintOf({ type: 'Comment', action: 'create', data })).toEqual({
    event: 'Comment',
    action: 'create',
    teamId: TEAM,
    issueId: ID,
    subject: { kind: 'tracked_comment', tracker: 'linear', id: COMMENT },
  });
});

test.each([
  ['another type', { type: 'Reaction', data: { id: ID } }],
  ['a comment of a project', { type: 'Comment', data: { id: COMMENT, projectUpdateId: ID } }],
  ['no data', { type: 'Issue' }],
  ['an id that is none', { type: 'Issue', data: { id: 'ENG-1' } }],
])('%s says nothing', (_, payload) => {
  expect(linearHintOf(payload)).toBeUndefined();
});

test('whatever is sent, it is read or ignored', () => {
  fc.assert(
    fc.property(fc.constantFrom('Issue', 'Comment', 'x'), fc.object({ maxDepth: 3 }), (type, data) => {
      const hint = linearHintOf({ type, data });
      expect(hint === undefined || typeof hint.issueId === 'string').toBe(true);
    }),
  );
});
