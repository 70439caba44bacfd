import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  type ClientOptions,
  Connection,
  type ConnectionOptions,
  isGrpcServiceError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js';
import { msToTs } from '@temporalio/common/lib/time.js';
import { Failure } from '../domain/failures.js';
import type { TemporalSettings, TemporalTls } from './config/temporal.js';

/** A Temporal server and the namespace we live in. */
export interface TemporalEndpoint {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: string | undefined;
  readonly tls?: TemporalTls | undefined;
}

/** @throws InvalidInput without an address: whoever runs the embedded stack hands it to its children */
export const temporalEndpoint = (settings: TemporalSettings): TemporalEndpoint => {
  if (settings.address === undefined) {
    throw new Failure('InvalidInput', 'TEMPORAL_ADDRESS is not set.', { variable: 'TEMPORAL_ADDRESS' });
  }
  return { ...settings, address: settings.address };
};

/** Options for `Connection.connect` and `NativeConnection.connect` alike. */
export const connectionOptions = ({
  address,
  apiKey,
  tls,
}: TemporalEndpoint): { address: string; apiKey?: string; tls?: TemporalTls } => ({
  address,
  ...(apiKey === undefined ? {} : { apiKey }),
  ...(tls === undefined ? {} : { tls }),
});

/** Of a client's connection. */
export const connectionSettings = (endpoint: TemporalEndpoint): ConnectionOptions => ({
  ...connectionOptions(endpoint),
  connectTimeout: '5 seconds',
  // gRPC's own back-off grows to two minutes, and a restarted server would be missed for that long.
  channelArgs: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2_000 },
});

export interface TemporalClient {
  readonly client: Client;
  readonly connection: Connection;
  close(): Promise<void>;
}

/**
 * Connects a client. The same data converter must go to client, workers and replay.
 * @throws Unavailable when the server does not answer
 */
export const connectTemporal = async (
  endpoint: TemporalEndpoint,
  options: Pick<ClientOptions, 'dataConverter' | 'interceptors'> = {},
): Promise<TemporalClient> => {
  const connection = await Connection.connect(connectionSettings(endpoint)).catch((cause: unknown) => {
    throw new Failure('Unavailable', `Temporal does not answer at ${endpoint.address}.`, {}, { cause });
  });
  const client = new Client({ ...options, connection, namespace: endpoint.namespace });
  return { client, connection, close: () => connection.close() };
};

/**
 * Reads through to the server's store: describes a workflow that does not exist. "Not found" in time means alive; the
 * health endpoint says SERVING even when the store is gone.
 * @throws Unavailable
 */
export const probeTemporal = async (
  { client, connection }: Pick<TemporalClient, 'client' | 'connection'>,
  deadlineMs = 5_000,
): Promise<void> => {
  const handle = client.workflow.getHandle(`probe-${randomUUID()}`);
  try {
    await connection.withDeadline(Date.now() + deadlineMs, () => handle.describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return;
    throw new Failure('Unavailable', 'Temporal does not answer.', {}, { cause: error });
  }
};

/** `TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW` of the API. */
const WORKFLOW_TASKS = 1;

/** Whether that process of this machine asks for workflow tasks of the queue. @throws Unavailable unless it does */
export const requirePoller = async (
  { client, connection }: Pick<TemporalClient, 'client' | 'connection'>,
  taskQueue: string,
  pid: number | undefined,
): Promise<void> => {
  const { namespace } = client.options;
  const ask = () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASKS,
    });
  const { pollers } = await connection.withDeadline(Date.now() + 5_000, ask);
  // As the SDK names itself. The server remembers for minutes who has asked: one that is dead does not count.
  const identity = `${pid}@${hostname()}`;
  if (!pollers.some((poller) => poller.identity === identity))
    throw new Failure('Unavailable', `Process ${pid} does not ask for work yet.`);
};

export interface SearchAttributeKeyLike {
  readonly name: string;
  readonly type: 'TEXT' | 'KEYWORD' | 'INT' | 'DOUBLE' | 'BOOL' | 'DATETIME' | 'KEYWORD_LIST';
}

const ALREADY_EXISTS = 6;
const NOT_FOUND = 5;

/** Makes sure that the namespace and the search attributes exist. Repeatable; adds, never removes. */
export const registerNamespaceAndSearchAttributes = async (
  connection: Connection,
  namespace: string,
  keys: readonly SearchAttributeKeyLike[],
): Promise<void> => {
  await ensureNamespace(connection, namespace);
  const { customAttributes } = await untilNamespaceIsKnown(() =>
    connection.operatorService.listSearchAttributes({ namespace }),
  );
  const missing = keys.filter(({ name }) => !Object.hasOwn(customAttributes, name));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(
    missing.flatMap(({ name, type }) => {
      const encoded = encodeSearchAttributeIndexedValueType(type);
      return encoded === undefined ? [] : [[name, encoded]];
    }),
  );
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (cause) {
    // Another process registered them between the two calls.
    if (isGrpcServiceError(cause) && cause.code === ALREADY_EXISTS) return;
    const names = missing.map(({ name }) => name).join(', ');
    const remedy = `create the keyword search attributes ${names} in namespace ${namespace} by hand`;
    throw new Failure('PermissionDenied', `Temporal refused new search attributes: ${remedy}.`, {}, { cause });
  }
};

/** A new namespace reaches the server's own cache some seconds late; until then calls answer "not found". */
const untilNamespaceIsKnown = async <T>(call: () => Promise<T>): Promise<T> => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!isGrpcServiceError(error) || error.code !== NOT_FOUND || attempt >= 300) throw error;
      await sleep(100);
    }
  }
};

const ensureNamespace = async (connection: Connection, namespace: string): Promise<void> => {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) {
      throw new Failure('Unavailable', `Temporal cannot describe namespace ${namespace}.`, {}, { cause: error });
    }
    await connection.workflowService
      .registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('30 days') })
      .catch((cause: unknown) => {
        if (isGrpcServiceError(cause) && cause.code === ALREADY_EXISTS) return;
        throw new Failure('PermissionDenied', `Temporal refused to create namespace ${namespace}.`, {}, { cause });
      });
  }
};
