import { expect, test } from '@jest/globals';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { toAnswer } from '../../api/http/problem.js';
import { Failure } from '../../domain/failures.js';
import { isLostInContinuation, toGatewayFailure } from '../../infra/temporal-failures.js';

test('an error of ours is told without its words, under an id of the log', () => {
  const { problem, isUnexpected } = toAnswer(new Failure('Internal', 'the disk of db-7 is gone'), 'log-1');
  expect(problem).toMatchObject({ status: 500, code: 'Internal', logId: 'log-1' });
  expect([JSON.stringify(problem).includes('db-7'), isUnexpected]).toEqual([false, true]);
});

test('what a database says of itself is not told', () => {
  const told = (details: Record<string, string>) => toAnswer(new Failure('Unavailable', 'Later.', details), '').problem;
  expect(told({ code: '57P03' }).details).toBeUndefined();
  expect(told({ constraint: 'epic_pkey' }).details).toBeUndefined();
  expect(told({ id: 'x' }).details).toEqual({ id: 'x' });
});

test('a workflow that ended while it was told something is a conflict; its own refusal is its own', () => {
  const refused = (type: string) =>
    toGatewayFailure(new WorkflowUpdateFailedError('no', ApplicationFailure.nonRetryable('Not now.', type)));
  expect(refused('AcceptedUpdateCompletedWorkflow')).toMatchObject({ type: 'Conflict' });
  expect(refused('InvalidState')).toMatchObject({ type: 'InvalidState', message: 'Not now.' });
  expect(refused('SomethingElse')).toMatchObject({ type: 'Internal' });
});

const grpc = (code: number, details: string): Error =>
  new Error('failed', { cause: Object.assign(new Error(details), { code, details, metadata: {} }) });

test('only what a continuation turned away is asked again', () => {
  expect(isLostInContinuation(grpc(9, 'Unexpected workflow task failure.'))).toBe(true);
  expect(isLostInContinuation(grpc(9, 'something else'))).toBe(false);
  expect(isLostInContinuation(grpc(14, 'Unexpected workflow task failure.'))).toBe(false);
  expect(toGatewayFailure(grpc(5, ''))).toMatchObject({ type: 'NotFound' });
  expect(toGatewayFailure(grpc(14, ''))).toMatchObject({ type: 'Unavailable', retryAfterMs: 2_000 });
  expect(toGatewayFailure(grpc(3, ''))).toMatchObject({ type: 'Internal' });
});
