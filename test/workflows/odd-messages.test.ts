import { expect, test } from '@jest/globals';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { until } from '../support/until.js';
import { gated, start, useEpics } from './support/epic-rig.js';
import { EpicWorld } from './support/epic-world.js';

const { rig } = useEpics();

interface RawPayload {
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  readonly data: Uint8Array;
}

const bytes = (encoding: string | undefined, data: string): RawPayload => ({
  metadata: encoding === undefined ? {} : { encoding: Buffer.from(encoding) },
  data: Buffer.from(data),
});
const json = (text: string): RawPayload => bytes('json/plain', text);

/** As anybody can send it who reaches the engine: the client's own converter would not make such bytes. */
const ODD: readonly (readonly [string, string, readonly RawPayload[]])[] = [
  ['nothing', 'mail', []],
  ['null', 'mail', [json('null')]],
  ['a number', 'taskChanged', [json('1')]],
  ['an object without fields', 'taskChanged', [json('{}')]],
  ['a list', 'admitted', [json('[]')]],
  ['the fields of an older version', 'runChanged', [json('{"run":{"id":"x"}}')]],
  ['a state that is none', 'taskChanged', [json('{"taskId":"x","attempt":1,"state":"DONE","wantsSlot":true}')]],
  ['an outcome of another type', 'runChanged', [json('{"runId":"x","state":"completed","outcome":1}')]],
  ['a kind that nobody knows', 'forgeEvent', [json('{"kind":"exploded"}')]],
  ['the name of what every object has', 'forgeEvent', [json('{"kind":"constructor"}')]],
  ['half a text', 'mail', [json('{"mailId":')]],
  ['bytes of an unknown encoding', 'mail', [bytes('binary/nonsense', 'x')]],
  ['bytes of no encoding', 'hold', [bytes(undefined, 'x')]],
  ['broken UTF-8', 'mail', [{ ...json(''), data: Uint8Array.of(0x22, 0xff, 0xfe, 0x22) }]],
  ['anything, to a name that nobody listens to', 'nonsense', [json('{}')]],
];

const send = async (client: Client, { workflowId }: WorkflowHandle, name: string, payloads: readonly RawPayload[]) =>
  client.workflowService.signalWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    signalName: name,
    input: { payloads: [...payloads] },
  });

/** What the epic shows once it has heard that its task works: until it is let go nothing changes by itself. */
const atWork = async <T extends { readonly tasks: object }>(view: () => Promise<T>): Promise<T> => {
  await until(async () => Object.values((await view()).tasks).includes('IN_PROGRESS'));
  return await view();
};

test('signals that cannot be read, or hold something else than they must, leave an epic as it was', async () => {
  const world = new EpicWorld({ a: [] });
  const letGo = gated(world);
  const { epic, view, landed } = await start(world);
  const before = await atWork(view);
  const { client } = rig().env;
  for (const [, name, payloads] of ODD) await send(client, epic, name, payloads);
  // The answer comes from a workflow that has heard them all.
  expect(await view()).toEqual(before);
  letGo('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
  const events = (await epic.fetchHistory()).events ?? [];
  expect(events.filter((event) => event.workflowTaskFailedEventAttributes)).toEqual([]);
  const heard = events.flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
  expect(ODD.every(([, name]) => heard.includes(name))).toBe(true);
});

test('updates that cannot be read, or hold nothing, are refused, and the epic goes on', async () => {
  const world = new EpicWorld({ a: [] });
  const letGo = gated(world);
  const { epic, view, landed } = await start(world);
  const before = await atWork(view);
  const { client } = rig().env;
  for (const [at, payloads] of [[], [json('null')], [json('{"by":')], [bytes('binary/nonsense', 'x')]].entries()) {
    const { outcome } = await client.workflowService.updateWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId: epic.workflowId },
      waitPolicy: { lifecycleStage: 3 }, // COMPLETED
      request: { meta: { updateId: `odd-${at}` }, input: { name: 'pause', args: { payloads } } },
    });
    expect([at, outcome?.failure?.message ?? 'accepted']).toEqual([at, expect.not.stringMatching(/^accepted$/)]);
  }
  expect(await view()).toEqual(before);
  letGo('a');
  await landed();
  expect(await epic.result()).toMatchObject({ kind: 'completed', landed: 1 });
});
