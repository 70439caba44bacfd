import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { probeTemporal } from '../../infra/temporal.js';
import { RenewedTemporal } from '../../infra/temporal-renewal.js';
import { TcpFaultProxy } from '../support/network/tcp-fault-proxy.js';
import { createTestTemporal } from '../support/temporal.js';
import { until } from '../support/until.js';

let env: TestWorkflowEnvironment;
let proxy: TcpFaultProxy;
beforeAll(async () => {
  env = await createTestTemporal();
  const [host = '', port] = env.address.split(':');
  proxy = await TcpFaultProxy.start({ host, port: Number(port) });
});
afterAll(async () => {
  await proxy?.close();
  await env?.teardown();
});

test('a connection whose first words are lost is replaced by one that answers', async () => {
  proxy.set({ isHalfOpen: true });
  const endpoint = { address: `127.0.0.1:${proxy.port}`, namespace: 'default' };
  const temporal = new RenewedTemporal(endpoint, undefined, { pulseMs: 500, answerMs: 500 });
  await expect(probeTemporal(temporal, 500)).rejects.toMatchObject({ type: 'Unavailable' });
  proxy.heal();
  await until(() =>
    probeTemporal(temporal, 500).then(
      () => true,
      () => false,
    ),
  );
  const { client } = temporal;
  await until(() => proxy.openConnections > 0);
  await probeTemporal(temporal);
  expect(temporal.client).toBe(client);
  await temporal.close();
});
