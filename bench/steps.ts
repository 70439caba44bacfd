import Anthropic from '@anthropic-ai/sdk';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createAnthropicModel } from '../activities/agents/anthropic/anthropic.js';
import { createModelActivities } from '../activities/agents/model.activities.js';
import { systemPrompt } from '../activities/agents/prompts/system.js';
import { createSealActivities } from '../activities/agents/seal.activities.js';
import { createBrokerFetch } from '../activities/sandbox/broker.js';
import { toolsFor } from '../domain/tools/catalogue.js';
import { AgentRig } from '../test/support/agents/rig.js';
import { createTestDatabase } from '../test/support/postgres.js';
import { makeFence } from '../workflows/contract/fence.js';
import type { Bench, Gate, Measured } from './comparison.js';
import { startServerChild } from './support/child.js';
import { startDurablePostgres } from './support/postgres.js';
import { inTurns, lengthOf, type Measures, type Rounds, series, timeMs } from './support/rounds.js';
import { median, quantile } from './support/statistics.js';

const TURNS = 20;
const MODEL = 'claude-sonnet-5-5';
/** As long as a real one: it is looked for in every piece of a reply. */
const API_KEY = `sk-ant-api03-${'k'.repeat(95)}`;
const PROMPTS = { '1 kB': 1_000, '400 kB': 400_000, '2 MB': 2_000_000 } as const;

type PromptSize = keyof typeof PROMPTS;

/** M9: a turn that is reserved, asked for, kept and sealed, against the same loop on the bare SDK, which keeps nothing. */
export const agentSteps: Bench = {
  redWhen: 'encodes the transcript anew for every call, or writes for every piece of a reply',
  run: async (options) => {
    const { isSmoke } = options;
    const server = await startServerChild('instant-model.main.js');
    const rig = await AgentRig.create(isSmoke ? await createTestDatabase() : await startDurablePostgres());
    try {
      const sizes: readonly PromptSize[] = isSmoke ? ['1 kB'] : ['1 kB', '400 kB', '2 MB'];
      const arms = sizes.flatMap((size) => {
        const prompt = promptOf(PROMPTS[size]);
        return [
          [`bare ${size}`, () => bareLoop(server.url, prompt)],
          [`ours ${size}`, () => ourLoop(rig, server.url, prompt)],
        ] as const;
      });
      const measured = await inTurns(Object.fromEntries(arms), lengthOf(options, 9));
      return {
        title: 'a step of an agent at no model latency, p50 of a round',
        subject: `Anthropic SDK, PostgreSQL ${isSmoke ? 'without fsync' : 'with fsync on a disk'}, ${TURNS} turns a run`,
        rows: sizes.flatMap((size) => rowsFor(size, measured, isSmoke)),
      };
    } finally {
      await rig.close();
      await server.close();
    }
  },
};

/**
 * Whole runs read 1.5 to 2.3, which is the price of two commits: a floor of 2 is red or not as the machine pleases. A write
 * for every piece of the reply is far beyond 2.5.
 */
const RATIO: Gate = { wants: 'atMost', target: 1.15, floor: 2.5 };
/**
 * The smoke's few calls are cold and wait beside other work, 3 to 5 times as long as the baseline; it is there to see a
 * write for every piece of the reply, which makes it 15.
 */
const SMOKE: Gate = { ...RATIO, floor: 8 };
/** Of a long transcript it is the processor that a call keeps busy: 1.6 of the baseline when it is encoded anew. */
const LONG: Gate = { ...RATIO, floor: 1.5 };

const rowsFor = (size: PromptSize, measured: Rounds, isSmoke: boolean): readonly Measured[] => {
  const row = (name: string, measure: string): Measured => ({
    name: `${name}, prompt of ${size}`,
    unit: measure === 'cpuMs' ? 'CPU ms' : 'ms',
    baseline: series(measured, `bare ${size}`, measure),
    ours: series(measured, `ours ${size}`, measure),
  });
  const call = row('model call, reserved and kept', 'callMs');
  const processorTime = row('processor time of a call', 'cpuMs');
  if (isSmoke) return [{ ...call, gate: SMOKE }];
  if (size === '2 MB') return [{ ...processorTime, gate: LONG }];
  return [
    { ...processorTime, gate: RATIO },
    // Each trip to the database waits for its turn on the processor: beside other work a ratio of times tells of that.
    { ...call, gate: { wants: 'atMost', target: RATIO.target } },
    { ...row('model call, p95', 'callP95Ms'), gate: { wants: 'atMost', target: 1, of: 'difference' } },
    row('with the seal of the turn', 'turnMs'),
  ];
};

const promptOf = (bytes: number): string => `Role: worker\n\n${'Change what has to be changed. '.repeat(bytes / 31)}`;

/** The best plain loop: the transcript in memory, the stream read event by event. */
const bareLoop = async (baseURL: string, prompt: string): Promise<Measures> => {
  const client = new Anthropic({ baseURL, apiKey: API_KEY, maxRetries: 0 });
  const tools = toolsFor('worker', 'execution').map(({ name, description, input }) => ({
    name,
    description,
    input_schema: { ...input, required: [...input.required] },
  }));
  const system = systemPrompt('worker', 'execution');
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: prompt }];
  const calls = new Took();
  for (let turn = 0; turn < TURNS; turn++) {
    await calls.time(async () => {
      const request = { model: MODEL, max_tokens: 16_384, system, tools, messages };
      const stream = await client.messages.create({ ...request, stream: true });
      let text = '';
      for await (const event of stream)
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
      messages.push({ role: 'assistant', content: text }, { role: 'user', content: 'Go on.' });
    });
  }
  return { ...calls.measures(), turnMs: median(calls.ms) };
};

const ourLoop = async (rig: AgentRig, baseUrl: string, prompt: string): Promise<Measures> => {
  const { pools, blobs, projectId } = rig;
  const model = createAnthropicModel({ fetch: createBrokerFetch({ apiKey: API_KEY, baseUrl }) });
  const { callModel } = createModelActivities({ pools, blobs, model, defaultModel: MODEL });
  const { sealTurn } = createSealActivities({ pools, blobs, keepCheckpoint: async () => ({}) });
  const { runId } = await rig.newRun({ prompt });
  const activity = new MockActivityEnvironment();
  const calls = new Took();
  const turns: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const step = { runId, turn, fence: makeFence(1_000, turn) };
    const call = { ...step, mailIds: [], notes: [], budgetGrants: 0 };
    const seal = { ...step, projectId, callIds: [], lost: false };
    const callMs = await calls.time(() => activity.run(callModel, call));
    turns.push(callMs + (await timeMs(() => activity.run(sealTurn, seal))));
  }
  return { ...calls.measures(), turnMs: median(turns) };
};

/** Time and processor time of the calls of one arm. */
class Took {
  readonly ms: number[] = [];
  #cpuMs = 0;

  async time(call: () => Promise<unknown>): Promise<number> {
    const before = process.cpuUsage();
    const ms = await timeMs(call);
    const { user, system } = process.cpuUsage(before);
    this.#cpuMs += (user + system) / 1_000;
    this.ms.push(ms);
    return ms;
  }

  measures(): Measures {
    return { callMs: median(this.ms), callP95Ms: quantile(this.ms, 0.95), cpuMs: this.#cpuMs / this.ms.length };
  }
}
