import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AgentRig } from '../../support/agents/rig.js';
import type { BilledCall } from '../../support/model-server/record.js';

let rig: AgentRig;
beforeAll(async () => {
  rig = await AgentRig.create();
});
afterAll(() => rig.close());

const TURNS = 8;
const promptTokens = (call: BilledCall): number => call.inputTokens + call.write5mTokens + call.readTokens;

test('each call reads all that the call before it sent, and nothing in the prefix ever changes', async () => {
  const calls = Array.from({ length: 12 }, (_, n) => ({
    tool: 'log_decision',
    input: { title: `t${n}`, decision: 'd' },
  }));
  const model = await rig.script([{ name: 'r', reply: { text: 'Thinking aloud. '.repeat(20), calls } }]);
  const run = await rig.newRun({ prompt: `Role: worker\n\n${'The task. '.repeat(800)}` });
  // Every turn is made by fresh activities, as after a restart: what they send must not depend on memory.
  for (let turn = 0; turn < TURNS; turn++) await run.turn(model, turn, { notes: [`Note ${turn}.`] });
  const { billed } = rig.server.record;
  expect(billed).toHaveLength(TURNS);
  for (const [index, call] of billed.entries()) {
    const before = billed[index - 1];
    if (before) expect(call.readTokens).toBe(promptTokens(before));
  }
  const read = billed.slice(1).reduce((sum, call) => sum + call.readTokens, 0);
  const cacheable = billed.slice(0, -1).reduce((sum, call) => sum + promptTokens(call), 0);
  expect(read / cacheable).toBeGreaterThanOrEqual(0.99);
});

test('two runs of one kind share tools and system prompt', async () => {
  const model = await rig.script([{ name: 'r', reply: { text: 'Hello.' } }], { minCacheTokens: 100 });
  for (const prompt of ['Role: worker\n\nOne.', 'Role: worker\n\nTwo.'])
    await (await rig.newRun({ prompt })).callModel(model, 0);
  const [first, second] = rig.server.record.billed;
  expect(second?.readTokens).toBeGreaterThan(1000);
  expect(second?.readTokens).toBe((first?.write5mTokens ?? 0) - (second?.write5mTokens ?? 0));
});
