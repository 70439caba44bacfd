import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { builtProgram } from '../support/built.js';
import type { Instance } from '../support/e2e/instance.js';
import { until } from '../support/until.js';
import type { CaseRun } from './case.js';
import { connectionStringOf } from './database.js';

export interface SecondApi {
  readonly baseUrl: string;
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
}

/** One more process of the API beside the instance's own, with its own environment. */
export async function startSecondApi(run: CaseRun, instance: Instance, env: NodeJS.ProcessEnv): Promise<SecondApi> {
  const port = await freePort();
  const { temporalAddress, temporalNamespace } = instance.facts;
  const child = spawn(process.execPath, [builtProgram('api/main.js')], {
    stdio: 'ignore',
    env: {
      ...instance.environment,
      DATABASE_URL: connectionStringOf(instance),
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: temporalNamespace,
      MILLWRIGHT_API_PORT: String(port),
      ...env,
    },
  });
  const ended = once(child, 'exit');
  run.atEnd(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  await until(() =>
    fetch(`${baseUrl}/api/v1/health/live`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return { baseUrl, process: child, ended };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('A socket without a port.');
  return address.port;
}
