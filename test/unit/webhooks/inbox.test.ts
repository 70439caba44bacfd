import { expect, test } from '@jest/globals';
import type { Delivery } from '../../../api/webhooks/delivery.js';
import { DeliveryInbox } from '../../../api/webhooks/inbox.js';
import { Failure } from '../../../domain/failures.js';
import { until } from '../../support/until.js';

const delivery = (id: number): Delivery => ({ id: String(id), event: 'ping', hint: undefined });
const deliveries = (from: number, to: number): readonly Delivery[] =>
  Array.from({ length: to - from }, (_, at) => delivery(from + at));

/** A database whose commits end when they are told to. */
class SlowStore {
  readonly commits: string[][] = [];
  private open: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  readonly keep = (batch: readonly Delivery[]): Promise<void> => {
    if (this.open !== undefined) throw new Error('Two commits at once.');
    this.commits.push(batch.map(({ id }) => id));
    return new Promise((resolve, reject) => {
      this.open = { resolve, reject };
    });
  };

  async end(error?: Error): Promise<void> {
    await until(() => this.open !== undefined);
    const open = this.open;
    this.open = undefined;
    if (error === undefined) open?.resolve();
    else open?.reject(error);
  }
}

test('what comes while a commit is under way goes into the next one together', async () => {
  const store = new SlowStore();
  const inbox = new DeliveryInbox(store.keep);
  const taken = deliveries(0, 5).map((one) => inbox.take(one));
  await store.end();
  await taken[0];
  await store.end();
  await Promise.all(taken);
  expect(store.commits).toEqual([['0'], ['1', '2', '3', '4']]);
});

test('nothing is answered before its own commit has ended', async () => {
  const store = new SlowStore();
  const inbox = new DeliveryInbox(store.keep);
  const answered: number[] = [];
  const taken = [0, 1].map((id) => inbox.take(delivery(id)).then(() => answered.push(id)));
  await store.end();
  await taken[0];
  await until(() => store.commits.length === 2);
  expect(answered).toEqual([0]);
  await store.end();
  await Promise.all(taken);
});

test('a commit that fails is told to those who were in it, and the next goes on', async () => {
  const store = new SlowStore();
  const inbox = new DeliveryInbox(store.keep);
  const [first, second, third] = deliveries(0, 3).map((one) => inbox.take(one));
  await store.end();
  await first;
  await store.end(new Failure('Unavailable', 'The database cannot answer at the moment.'));
  await expect(second).rejects.toMatchObject({ type: 'Unavailable' });
  await expect(third).rejects.toMatchObject({ type: 'Unavailable' });
  const later = inbox.take(delivery(3));
  await store.end();
  await later;
  expect(store.commits).toEqual([['0'], ['1', '2'], ['3']]);
});

test('one statement takes so many and no more', async () => {
  const store = new SlowStore();
  const inbox = new DeliveryInbox(store.keep);
  const taken = deliveries(0, 1 + 256 + 44).map((one) => inbox.take(one));
  for (let at = 0; at < 3; at++) await store.end();
  await Promise.all(taken);
  expect(store.commits.map(({ length }) => length)).toEqual([1, 256, 44]);
});

test('when too many wait, the next is told to come again, and those that wait are kept', async () => {
  const store = new SlowStore();
  const inbox = new DeliveryInbox(store.keep, 3);
  const taken = deliveries(0, 4).map((one) => inbox.take(one));
  expect(() => inbox.take(delivery(4))).toThrow(
    expect.objectContaining({ type: 'Unavailable', retryAfterMs: expect.any(Number) }),
  );
  await store.end();
  await store.end();
  await Promise.all(taken);
  expect(store.commits).toEqual([['0'], ['1', '2', '3']]);
});
