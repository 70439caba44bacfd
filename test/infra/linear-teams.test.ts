import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { LinearClient } from '../../infra/forge/linear/client.js';
import { LinearTeams } from '../../infra/forge/linear/teams.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { insertProject } from '../support/rows.js';

let db: TestDatabase;
let teams: LinearTeams;
let asked: number;
const TEAM = uuidv7();
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await db.pools.writes.query({ text: 'TRUNCATE project CASCADE' });
  asked = 0;
  const ask = async () => {
    asked++;
    return { teams: { nodes: [{ id: TEAM }] } };
  };
  teams = new LinearTeams(db.pools, { ask } as unknown as LinearClient); // nothing else of it is asked
});

const linked = async (key: string, id: string | null): Promise<string> => {
  const projectId = await insertProject(db.pools.writes);
  const text = 'UPDATE project SET linear_team_key = $2, linear_team_id = $3 WHERE id = $1';
  await db.pools.writes.query({ text, values: [projectId, key, id] });
  return projectId;
};
const keyOf = async (projectId: string): Promise<string | null | undefined> => {
  const text = 'SELECT linear_team_key AS key FROM project WHERE id = $1';
  const { rows } = await db.pools.writes.query<{ key: string | null }>({ text, values: [projectId] });
  return rows[0]?.key;
};

test('people read the key that a team has now, unless another project was linked by it', async () => {
  const projectId = await linked('ENG', TEAM);
  await teams.saveKey(projectId, { id: uuidv7(), key: 'OTHER' });
  expect(await keyOf(projectId)).toBe('ENG');
  await teams.saveKey(projectId, { id: TEAM, key: 'CORE' });
  expect(await keyOf(projectId)).toBe('CORE');
  const other = await linked('ops', null);
  await teams.saveKey(projectId, { id: TEAM, key: 'OPS' });
  expect(await keyOf(projectId)).toBe('CORE');
  await db.pools.writes.query({ text: 'UPDATE project SET archived_at = now() WHERE id = $1', values: [other] });
  await teams.saveKey(projectId, { id: TEAM, key: 'OPS' });
  expect(await keyOf(projectId)).toBe('OPS');
  await teams.saveKey(projectId, { id: TEAM, key: 'Ops' });
  expect(await keyOf(projectId)).toBe('Ops');
});

test('a team is found once by its key; one that another project has is a conflict', async () => {
  const projectId = await linked('ENG', null);
  expect([await teams.of(projectId), await teams.of(projectId), asked]).toEqual([TEAM, TEAM, 1]);
  const again = await linked('eng2', null);
  await expect(teams.of(again)).rejects.toMatchObject({ type: 'Conflict', details: { reason: 'NO_TEAM' } });
  await expect(teams.of(await insertProject(db.pools.writes))).rejects.toMatchObject({ type: 'NotFound' });
});
