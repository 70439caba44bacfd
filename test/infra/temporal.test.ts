import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import {
  connectTemporal,
  probeTemporal,
  registerNamespaceAndSearchAttributes,
  requirePoller,
  type TemporalClient,
} from '../../infra/temporal.js';
import { freePort } from '../support/postgres.js';
import { createTestTemporal } from '../support/temporal.js';
import { until } from '../support/until.js';

const colour = defineSearchAttributeKey('TestColour', 'KEYWORD');
let env: TestWorkflowEnvironment;
let temporal: TemporalClient;
beforeAll(async () => {
  env = await createTestTemporal();
  temporal = await connectTemporal({ address: env.address, namespace: 'millwright-test' });
});
afterAll(async () => {
  await temporal?.close();
  await env?.teardown();
});

test('namespace and search attributes are registered once and can be used at once', async () => {
  const { client, connection } = temporal;
  for (const _ of ['first start', 'second start']) {
    await registerNamespaceAndSearchAttributes(connection, 'millwright-test', [colour]);
  }
  const handle = await client.workflow.start('anything', {
    workflowId: 'coloured',
    taskQueue: 'nobody-polls',
    typedSearchAttributes: [{ key: colour, value: 'green' }],
  });
  const { typedSearchAttributes } = await handle.describe();
  expect(typedSearchAttributes.get(colour)).toBe('green');
});

test('a probe of a living server answers and one of a dead port is Unavailable', async () => {
  await probeTemporal(temporal);
  const nobody = connectTemporal({ address: `127.0.0.1:${await freePort()}`, namespace: 'default' });
  await expect(nobody).rejects.toMatchObject({ type: 'Unavailable' });
});

test('a worker counts as live once it asks for work, and only under its own process', async () => {
  const taskQueue = 'somebody-polls';
  const asks = (pid: number) => requirePoller(env, taskQueue, pid);
  await expect(asks(process.pid)).rejects.toMatchObject({ type: 'Unavailable' });
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue,
    workflowsPath: join(import.meta.dirname, '../workflows/support/holder.workflow.ts'),
  });
  await worker.runUntil(
    until(() =>
      asks(process.pid).then(
        () => true,
        () => false,
      ),
    ),
  );
  await expect(asks(process.pid + 1)).rejects.toMatchObject({ type: 'Unavailable' });
});
