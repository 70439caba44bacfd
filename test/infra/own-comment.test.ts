import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Failure } from '../../domain/failures.js';
import { type CommentPlace, keepOwnComment } from '../../infra/forge/own-comment.js';
import { claimOwnComment } from '../../infra/forge/own-comment.repository.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertProject } from '../support/rows.js';

let db: TestDatabase;
let row: { readonly projectId: string; readonly key: string; readonly marker: string };
let page: Page;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  row = { projectId: await insertProject(db.pools.writes), key: '7', marker: 'm' };
  page = new Page();
});

/** A page of a tracker, with comments of ours; its list may be late. */
class Page implements CommentPlace {
  readonly comments = new Map<string, string>();
  writes = 0;
  isListed = true;
  /** Thrown by the next creation, after it has happened or instead of it. */
  fault: { readonly error: Failure; readonly happens: boolean } | undefined;

  find = async () => (this.isListed ? [...this.comments.keys()][0] : undefined);
  create = async (text: string) => {
    this.writes++;
    const { fault } = this;
    this.fault = undefined;
    const id = `c${this.writes}`;
    if (fault?.happens !== false) this.comments.set(id, text);
    if (fault !== undefined) throw fault.error;
    return id;
  };
  edit = async (id: string, text: string) => {
    if (!this.comments.has(id)) throw new Failure('NotFound', 'there is no such comment');
    this.writes++;
    this.comments.set(id, text);
  };
}

const say = (text: string, atMostEveryMs = 0) => keepOwnComment(db.pools.writes, row, { text, atMostEveryMs }, page);
const set = (column: string, secondsAgo: number) =>
  db.pools.writes.query({
    text: `UPDATE forge_own_comment SET ${column} = clock_timestamp() - make_interval(secs => $2) WHERE project_id = $1`,
    values: [row.projectId, secondsAgo],
  });
const GONE_AWAY = new Failure('Unavailable', 'the answer was lost');

test('what a comment says already is not written again, what it should say now is written into it', async () => {
  expect([await say('one'), await say('one'), await say('two')]).toEqual(['said', 'said', 'said']);
  expect([[...page.comments.values()], page.writes]).toEqual([['two'], 2]);
});

test('an edit that comes too soon after the last is left for later', async () => {
  await say('one');
  expect(await say('two', 60_000)).toBe('later');
  expect(await say('one', 60_000)).toBe('said');
  await set('written_at', 61);
  expect(await say('two', 60_000)).toBe('said');
});

test('one writes at a time; whoever died with the comment in hand holds it for a minute', async () => {
  expect(await claimOwnComment(db.pools.writes, row, 'h', 0)).toMatchObject({ kind: 'ours', commentId: null });
  expect([await say('one'), page.writes]).toEqual(['later', 0]);
  await set('claimed_at', 61);
  expect([await say('one'), page.writes]).toEqual(['said', 1]);
});

test('a comment that somebody deleted is written anew', async () => {
  await say('one');
  page.comments.clear();
  expect(await say('two')).toBe('said');
  expect([...page.comments.values()]).toEqual(['two']);
});

test('a creation that was not answered is looked for until a list must show it, and not made twice', async () => {
  page.fault = { error: GONE_AWAY, happens: true };
  page.isListed = false;
  await expect(say('one')).rejects.toBe(GONE_AWAY);
  expect(await say('one')).toBe('later');
  page.isListed = true;
  expect(await say('one')).toBe('said');
  expect(page.comments.size).toBe(1);
});

test('a creation that never came is made again once every list would show it, a refused one at once', async () => {
  page.fault = { error: GONE_AWAY, happens: false };
  await expect(say('one')).rejects.toBe(GONE_AWAY);
  expect(await say('one')).toBe('later');
  await set('lost_at', 3_600);
  expect(await say('one')).toBe('said');
  await say('one');
  expect(page.comments.size).toBe(1);
  row = { ...row, key: '8' };
  page.comments.clear();
  page.fault = { error: new Failure('InvalidInput', 'too long'), happens: false };
  await expect(say('two')).rejects.toMatchObject({ type: 'InvalidInput' });
  expect(await say('two')).toBe('said');
});
