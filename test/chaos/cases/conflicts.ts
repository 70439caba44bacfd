import { randomUUID } from 'node:crypto';
import type { CaseRun, ChaosCase } from '../case.js';
import { postOnce, postUntilAcknowledged } from '../keyed-post.js';
import { ChaosWorld } from '../world.js';

const MAILS = 60;
/** One transaction in five meets another; all of four attempts do once in 625 times. */
const MOST_REFUSED = 3;

/** Every table whose writes are then ended, one transaction in five, half as a deadlock. The seed chooses which. */
const install = (seed: number): string => `
  CREATE FUNCTION chaos_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE chance bigint := abs(hashint8extended(pg_current_xact_id()::text::bigint, ${seed})) % 100;
  BEGIN
    IF chance < 10 THEN RAISE 'could not serialize access' USING ERRCODE = '40001'; END IF;
    IF chance < 20 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF;
    RETURN NULL;
  END $$;
  DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
      EXECUTE format('CREATE TRIGGER chaos_conflict AFTER INSERT OR UPDATE OR DELETE ON %I
        FOR EACH STATEMENT EXECUTE FUNCTION chaos_conflict()', name);
    END LOOP;
  END $$`;

async function meet(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { env: { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' } });
  const { instance } = world;
  const { id: projectId } = await world.addProject();
  run.note('one transaction in five ends with a serialisation failure or a deadlock');
  await instance.query(install(run.seed));
  for (const name of ['a', 'b']) {
    const request = { path: '/epics', body: world.epicBody(name, 3), key: randomUUID() };
    world.expectEpic((await postUntilAcknowledged(instance, request)).body.id, 3);
  }
  let refused = 0;
  for (let index = 0; index < MAILS; index++) {
    const body = { to: { kind: 'human', id: 'ada' }, projectId, subject: `conflict-${index}`, body: 'A line.' };
    const request = { path: '/mail', body, key: randomUUID() };
    if ((await postOnce(instance, request))?.status === 503) refused++;
    world.noteAcknowledged('mail', (await postUntilAcknowledged(instance, request)).body.id);
  }
  await world.untilDone();
  await instance.query('DROP FUNCTION chaos_conflict CASCADE');
  const [row] = await instance.query<{ mails: string }>(
    `SELECT count(*) AS mails FROM mail WHERE subject LIKE 'conflict-%'`,
  );
  if (Number(row?.mails) !== MAILS) throw new Error(`${MAILS} mails were acknowledged, and ${row?.mails} are there.`);
  if (refused > MOST_REFUSED)
    throw new Error(`${refused} of ${MAILS} clients heard of a conflict that a repeat heals.`);
  await world.verdict();
}

export const conflictCases: readonly ChaosCase[] = [
  {
    name: '19-conflicts',
    does: 'one writing transaction in five ends with a serialisation failure or a deadlock while two epics run',
    catches: 'a conflict that ends work, is told to a client, or repeats an effect outside the transaction',
    run: meet,
  },
];
