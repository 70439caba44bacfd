import { expect, test } from '@jest/globals';
import { createWorkflowControls } from '../../activities/engine/controls.js';
import { epicApprovePlanUpdate, epicLandUpdate } from '../../workflows/contract/epic.js';
import { epicWorkflowId } from '../../workflows/contract/ids.js';
import { cancelUpdate, pauseUpdate, resumeUpdate } from '../../workflows/contract/messages.js';
import { start, useEpics } from './support/epic-rig.js';
import { EpicWorld } from './support/epic-world.js';

const { rig } = useEpics();
const controls = createWorkflowControls(() => rig().env.client);
const command = { by: 'github:rita' };

test('what a comment says is carried out once by the epic, and refused in its words', async () => {
  const { id, world, reached, epic } = await start(new EpicWorld({ a: [] }, { approval: 'plan' }));
  await reached('awaiting_approval');
  const workflowId = epicWorkflowId(id);
  const pause = { update: pauseUpdate, workflowId, command, updateId: 'comment 1' };
  const paused = await controls.send(pause);
  expect(paused).toMatchObject({ kind: 'done', view: { pausedBy: ['person'] } });
  expect(await controls.send(pause)).toEqual(paused);
  expect(await controls.send({ ...pause, updateId: 'comment 2' })).toEqual({
    kind: 'refused',
    message: 'The epic is paused already.',
  });
  expect(await controls.send({ ...pause, update: resumeUpdate, updateId: 'comment 3' })).toMatchObject({
    kind: 'done',
  });
  const approve = { update: epicApprovePlanUpdate, workflowId, updateId: 'comment 4' };
  expect(await controls.send({ ...approve, command: { ...command, planVersion: 7 } })).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('not 7'),
  });
  expect(await controls.send({ ...pause, update: epicLandUpdate, updateId: 'comment 5' })).toMatchObject({
    kind: 'refused',
  });
  expect(await controls.send({ ...pause, update: cancelUpdate, updateId: 'comment 6' })).toMatchObject({
    kind: 'done',
  });
  expect(await epic.result()).toEqual({ kind: 'cancelled' });
  expect(world.entries.filter(({ decision }) => decision?.by === 'github:rita').length).toBeGreaterThan(0);
  expect(await controls.send({ ...pause, updateId: 'comment 7' })).toEqual({ kind: 'absent' });
  expect(await controls.send({ ...pause, workflowId: epicWorkflowId('none') })).toEqual({ kind: 'absent' });
});

test('an epic whose row is paused before it begins waits from its first moment', async () => {
  const { view, world, reached } = await start(new EpicWorld({ a: [] }, { pausedBy: ['person'] }));
  await reached('a person to resume it');
  expect(await view()).toMatchObject({ pausedBy: ['person'] });
  expect(world.runs).toEqual([]);
});
