import { createSecretKey } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { ActiveSecrets } from '../../../api/webhooks/active-secrets.js';
import { ByteRoom } from '../../../api/webhooks/byte-room.js';
import { parseSignature, SignatureCheck } from '../../../api/webhooks/signature.js';
import { readSigned } from '../../../api/webhooks/signed-body.js';
import { createLogger } from '../../../infra/logging.js';
import { SECRET, sign } from '../../support/api/webhook-sender.js';

const logger = createLogger({ name: 'test', level: 'silent' });

/** A body that comes in pieces of so many bytes. */
const inPieces = (body: Buffer, size: number): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(body.length / size) }, (_, at) => body.subarray(at * size, (at + 1) * size)),
    { objectMode: false },
  );
const checkOf = (body: Buffer, secrets: readonly string[] = [SECRET]): SignatureCheck =>
  new SignatureCheck(
    secrets.map((secret) => createSecretKey(secret, 'utf8')),
    parseSignature(sign(body)) ?? Buffer.alloc(0),
  );
const rules = (room: ByteRoom) => ({ maxBytes: 1_000, maxMs: 60_000, room });

test('a body is the same however it is cut, and its signature is right', async () => {
  const body = Buffer.from('Hello, World! '.repeat(50));
  for (const size of [1, 7, 64, 1_000])
    expect(await readSigned(inPieces(body, size), checkOf(body), rules(new ByteRoom(1_000)))).toEqual(body);
});

test('room that a body took is given back, however it ended', async () => {
  const room = new ByteRoom(1_000);
  const right = Buffer.alloc(1_000, 'x');
  await readSigned(inPieces(right, 100), checkOf(right), rules(room));
  await expect(readSigned(inPieces(right, 100), checkOf(right, ['other']), rules(room))).rejects.toThrow('signature');
  const large = Buffer.alloc(1_001, 'x');
  await expect(readSigned(inPieces(large, 100), checkOf(large), rules(room))).rejects.toMatchObject({
    statusCode: 413,
  });
  const broken = new Readable({ read: () => {} });
  broken.push(right.subarray(0, 500));
  const reading = readSigned(broken, checkOf(right), rules(room));
  broken.destroy();
  await expect(reading).rejects.toThrow('broke off');
  expect(() => room.take(1_000)).not.toThrow();
});

test('bodies that together take more than the room are told to come again', async () => {
  const room = new ByteRoom(1_500);
  const body = Buffer.alloc(1_000, 'x');
  const held = new Readable({ read: () => {} });
  held.push(body);
  const first = readSigned(held, checkOf(body), rules(room));
  await expect(readSigned(inPieces(body, 100), checkOf(body), rules(room))).rejects.toMatchObject({
    type: 'Unavailable',
  });
  held.push(null);
  expect(await first).toEqual(body);
});

test('a new secret counts within a second, and one that cannot be read for a moment is not forgotten', () => {
  let nowMs = 0;
  let read = (): readonly string[] => ['first'];
  const secrets = new ActiveSecrets(
    () => read(),
    logger,
    () => nowMs,
  );
  const listed = () => secrets.list().map((key) => key.export().toString());
  expect(listed()).toEqual(['first']);
  read = () => ['second', 'first'];
  nowMs = 999;
  expect(listed()).toEqual(['first']);
  nowMs = 1_000;
  expect(listed()).toEqual(['second', 'first']);
  read = () => {
    throw new Error('half written');
  };
  nowMs = 2_000;
  expect(listed()).toEqual(['second', 'first']);
});
