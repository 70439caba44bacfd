import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { dropClaim } from '../../../activities/agents/tools/host-claims.repository.js';
import { type ClaimKey, endClaim, findClaim, openClaim } from '../../../activities/store/claim.repository.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import { makeFence, withAttempt } from '../../../workflows/contract/fence.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';
import { insertProject, insertRun } from '../../support/rows.js';

let database: TestDatabase;
let db: Queryable;
let key: ClaimKey;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.pools.writes;
});
afterAll(() => database.drop());
beforeEach(async () => {
  key = { runId: await insertRun(db, await insertProject(db)), turn: 0, callId: 'call' };
});

const OLDER = withAttempt(makeFence(1_000, 1), 1);
const NEWER = withAttempt(makeFence(1_000, 1), 2);
const open = (fence: string) => openClaim(db, { ...key, tool: 'run_command', inputRef: null, fence });

test('a call is claimed once, and whoever claims it again is told of the first', async () => {
  expect(await open(OLDER)).toBeUndefined();
  expect(await open(NEWER)).toMatchObject({ state: 'open', fence: NEWER });
  expect(await open(OLDER)).toMatchObject({ state: 'open', fence: NEWER });
});

test('an attempt takes back its own claim, not that of a newer one', async () => {
  await open(OLDER);
  await open(NEWER);
  await dropClaim(db, key, OLDER);
  expect(await findClaim(db, key)).toMatchObject({ state: 'open', fence: NEWER });
  await dropClaim(db, key, NEWER);
  expect(await findClaim(db, key)).toBeUndefined();
});

test('a call that has ended is neither ended again nor taken back', async () => {
  await open(NEWER);
  expect(await endClaim(db, { ...key, state: 'done', resultRef: null })).toBe(true);
  expect(await endClaim(db, { ...key, state: 'error', resultRef: null, errorCode: 'INTERNAL_ERROR' })).toBe(false);
  await dropClaim(db, key, NEWER);
  expect(await findClaim(db, key)).toMatchObject({ state: 'done', errorCode: null });
});
