import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseResult } from '../../../activities/agents/command/result.js';
import { readAskedCall } from '../../../activities/agents/front/request-rules.js';
import { checkArguments } from '../../../activities/agents/tools/arguments.js';
import { receiverOf } from '../../../activities/agents/tools/mail-addresses.js';
import { ToolError } from '../../../activities/agents/tools/tool-error.js';
import { frameOf, frameReader } from '../../../activities/sandbox/exec-server/frames.js';
import type { AgentRun } from '../../../activities/store/agent-run.repository.js';
import { openCursor, sealCursor } from '../../../api/http/cursor.js';
import { readIdempotencyKey } from '../../../api/http/idempotency-key.js';
import { Failure } from '../../../domain/failures.js';
import { readPlan } from '../../../domain/plan/normalise.js';
import { PLAN_LIMITS } from '../../../domain/plan/plan.js';
import { TOOLS } from '../../../domain/tools/catalogue.js';
import { requireBranch } from '../../../infra/git/refs.js';
import { pathText } from '../../../infra/git/repository.js';
import { parseSource } from '../../../infra/git/source.js';
import type { Queryable } from '../../../infra/pg/statement.js';
import { cuts, ending, shuffled, slices, tries } from '../../support/fuzz.js';

const isTyped = (error: unknown): boolean => error instanceof Failure || error instanceof ToolError;

/** What it answers, or undefined for a typed refusal. @throws anything else */
const answerOf = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch (error) {
    if (isTyped(error)) return undefined;
    throw error;
  }
};

test('frames come out as they went in, wherever their bytes are cut', () => {
  const frames = fc.array(fc.tuple(fc.constantFrom('o', 'e', 'x'), fc.uint8Array({ maxLength: 40 })), { maxLength: 8 });
  fc.assert(
    fc.property(frames, cuts, (sent, places) => {
      const seen: [string, readonly number[]][] = [];
      const read = frameReader(1_000, (kind, payload) => void seen.push([kind, [...payload]]));
      const bytes = Buffer.concat(sent.map(([kind, payload]) => frameOf(kind as 'o', payload)));
      for (const chunk of slices(bytes, places)) expect(read(chunk)).toBe(true);
      expect(seen).toEqual(sent.map(([kind, payload]) => [kind, [...payload]]));
    }),
    tries(100),
  );
});

test('bytes that are no frames end the stream or wait for more, and never come out longer than allowed', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 }), (chunks) => {
      const read = frameReader(50, (kind, payload) => expect(kind.length + payload.length).toBeLessThanOrEqual(46));
      for (const chunk of chunks) if (!read(Buffer.from(chunk))) return;
    }),
    tries(200),
  );
});

test('a frame that says it is longer than allowed ends the stream before its bytes are waited for', () => {
  const seen: string[] = [];
  const read = frameReader(50, (kind) => void seen.push(kind));
  expect(read(Buffer.from(frameOf('o', Buffer.alloc(45))))).toBe(true);
  expect(read(Buffer.from(frameOf('e', Buffer.alloc(46))).subarray(0, 5))).toBe(false);
  expect(seen).toEqual(['o']);
});

test('a hundred thousand empty frames at once are read at once', () => {
  const frame = frameOf('o', '');
  const flood = Buffer.concat(Array.from({ length: 100_000 }, () => frame));
  let seen = 0;
  ending(() => frameReader(100, () => void seen++)(flood));
  expect(seen).toBe(100_000);
});

const CALLER = { cursorSecret: 'secret' } as Parameters<typeof sealCursor>[0];
const QUESTION = { list: 'epics', filters: { state: 'x' } };

test('a cursor opens to what was sealed, and no other text opens', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), fc.nat(255), fc.string(), (position, place, byte, other) => {
      const cursor = sealCursor(CALLER, QUESTION, position);
      expect(openCursor(CALLER, QUESTION, cursor)).toBe(position);
      const bytes = Buffer.from(cursor, 'base64url');
      const at = place % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ (byte || 1);
      for (const text of [bytes.toString('base64url'), bytes.subarray(0, at).toString('base64url'), other])
        expect(answerOf(() => openCursor(CALLER, QUESTION, text))).toBeUndefined();
      expect(answerOf(() => openCursor(CALLER, { ...QUESTION, filters: {} }, cursor))).toBeUndefined();
    }),
    tries(100),
  );
});

test('an Idempotency-Key is visible ASCII of bounded length, or refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ maxLength: 300 })), (header) => {
      const key = answerOf(() => readIdempotencyKey(header));
      if (key !== undefined) expect(key).toMatch(/^[\x21-\x7e]{1,200}$/);
    }),
    tries(200),
  );
});

test('different names of files are different texts, whatever their bytes', () => {
  const name = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.string({ unit: 'binary' }).map(Buffer.from));
  fc.assert(
    fc.property(name, (bytes) => {
      const latin1 = Buffer.from(bytes).toString('latin1');
      const text = pathText(latin1);
      expect(text.isWellFormed()).toBe(true);
      expect(pathText(Buffer.from([0xef, 0xbb, 0xbf, ...bytes]).toString('latin1'))).not.toBe(text);
    }),
    tries(200),
  );
});

test('a source is a path or an https address of a named host, or refused', () => {
  const pieces = [
    'https://',
    'http://',
    'file:',
    'ext::',
    'ssh://',
    '-o',
    '@',
    ':',
    '/',
    '//',
    '..',
    '.',
    '127.0.0.1',
    '[::1]',
  ];
  const more = [
    '0x7f',
    'example.com',
    'localhost',
    '#',
    '?',
    '%00',
    '\\',
    ' ',
    '\t',
    '--upload-pack=x',
    'user',
    '.git',
  ];
  fc.assert(
    fc.property(shuffled([...pieces, ...more], 8), (text) => {
      const source = answerOf(() => parseSource(text));
      if (source?.kind === 'path') expect(source.path).toMatch(/^\/[^\p{Cc}]*$/u);
      if (source?.kind === 'https')
        expect(source.url).toMatch(/^https:\/\/[a-z0-9.-]+\.[a-z][a-z0-9-]*(:\d+)?\/[^?#@\\\s]*/);
    }),
    tries(300),
  );
});

test('a branch is a name that git takes, or refused', () => {
  const pieces = [
    '-',
    '.',
    '..',
    '/',
    '//',
    '@',
    '@{',
    '.lock',
    'HEAD',
    'refs/',
    '~',
    '^',
    ':',
    '*',
    '[',
    '\\',
    ' ',
    '\x7f',
    'a',
  ];
  fc.assert(
    fc.property(shuffled(pieces, 8), (text) => {
      const branch = answerOf(() => requireBranch(text));
      if (branch !== undefined)
        expect(branch).not.toMatch(/^[-/.]|\.\.|@\{|\/\/|\.lock(\/|$)|[\p{Cc} ~^:?*[\\]|[/.]$/u);
    }),
    tries(300),
  );
});

const odd = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), fc.constant('a\0b'));

test('arguments of a tool fit its schema and hold no NUL but in contents of files, or are refused', () => {
  const names = [...new Set(TOOLS.flatMap(({ input }) => Object.keys(input.properties))), '__proto__', 'constructor'];
  fc.assert(
    fc.property(
      fc.constantFrom(...TOOLS),
      fc.dictionary(fc.constantFrom(...names), odd),
      odd,
      (tool, fields, whole) => {
        for (const input of [fields, whole]) {
          const checked = answerOf(() => checkArguments(tool, input));
          for (const [name, value] of Object.entries(checked ?? {}))
            if (!['content', 'old_text', 'new_text'].includes(name)) expect(String(value)).not.toContain('\0');
        }
      },
    ),
    tries(300),
  );
});

test('what a program wrote as its result is storable, or is said to be invalid', () => {
  const fields = fc.record(
    { status: fc.oneof(fc.constantFrom('complete', 'blocked', 'question'), odd), summary: odd, mail: odd, usage: odd },
    { requiredKeys: ['status'] },
  );
  const mailed = fc.record({ status: fc.constant('question'), mail: fc.record({ subject: odd, body: odd }) });
  fc.assert(
    fc.property(fc.oneof(fields, mailed, odd), (value) => {
      const read = parseResult(value);
      if (read.kind !== 'result') return expect(read).toMatchObject({ kind: 'invalid', why: expect.any(String) });
      const { summary, mail } = read.result;
      if (mail?.to !== undefined) expect(typeof mail.to).toBe('string');
      for (const text of [summary, mail?.subject ?? '', mail?.body ?? ''])
        expect([text.includes('\0'), text.isWellFormed()]).toEqual([false, true]);
    }),
    tries(300),
  );
});

const chain = (length: number) =>
  Array.from({ length }, (_, at) => ({
    key: `t${at}`,
    title: 't',
    dependsOn: at === 0 ? [] : [{ key: `t${at - 1}` }],
  }));

test.each<[string, unknown, RegExp]>([
  ['ten thousand tasks', { tasks: chain(10_000) }, /^tasks: has 10000 items, at most 200 are allowed$/],
  ['a chain of 1,000', { tasks: chain(1_000) }, /^tasks: has 1000 items, at most 200 are allowed$/],
  ['a chain of 200', { tasks: chain(200) }, /has 200 tasks, at most 10 are allowed$/],
  ['a ring', { tasks: [{ ...chain(1)[0], dependsOn: [{ key: 't1' }] }, ...chain(2).slice(1)] }, /form a cycle: /],
  ['nesting', { tasks: JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) }, /^tasks\[0\]: must be an object$/],
])('a plan of %s is refused with its reason', (_, plan, reason) => {
  const reading = ending(() => readPlan(plan));
  expect(reading).toMatchObject({ kind: 'invalid', errors: [expect.stringMatching(reason)] });
});

test('a plan of any shape is refused with reasons, or is one that the limits allow', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'A', '-', '__proto__');
  const edge = fc.oneof(odd, fc.record({ key, type: odd, required: odd }, { requiredKeys: ['key'] }));
  const task = fc.record(
    {
      key,
      title: fc.oneof(fc.constant('t'), odd),
      dependsOn: fc.array(edge, { maxLength: 2 }),
      estimate: odd,
      priority: odd,
    },
    { requiredKeys: ['key', 'title'] },
  );
  fc.assert(
    fc.property(fc.record({ tasks: fc.oneof(fc.array(task, { maxLength: 4 }), odd) }), (value) => {
      const reading = readPlan(value);
      if (reading.kind === 'invalid') expect(reading.errors.length).toBeLessThanOrEqual(PLAN_LIMITS.errors);
      else expect(readPlan(reading.plan)).toEqual(reading);
    }),
    tries(300),
  );
});

/** Every look-up finds a row. */
const FINDS_ALL = { query: async () => ({ rows: [{ id: 'found' }], rowCount: 1 }) } as unknown as Queryable;

test('an address of mail is one of the four kinds, or refused; no form of it reaches another epic', async () => {
  const pieces = ['supervisor', 'human', 'task:', 'agent:', 'epic:', ':', 'x', ' ', '\n', '__proto__', 'TASK:'];
  const owner = fc.record({ taskId: fc.constantFrom('t1', null), epicId: fc.constantFrom('e1', null) });
  await fc.assert(
    fc.asyncProperty(shuffled(pieces, 4), owner, async (to, owned) => {
      const run = { ...owned, createdBy: null, agentId: 'a1' } as AgentRun;
      try {
        const receiver = await receiverOf(FINDS_ALL, run, to);
        expect(['human', 'epic', 'task', 'agent']).toContain(receiver.kind);
        if (receiver.kind === 'epic') expect([to, receiver.id]).toEqual(['supervisor', 'e1']);
        if (receiver.kind === 'task' || receiver.kind === 'agent')
          expect([receiver.id, to.startsWith(`${receiver.kind}:`)]).toEqual(['found', true]);
      } catch (error) {
        if (!isTyped(error)) throw error;
      }
    }),
    tries(300),
  );
});

test('a request to the broker is passed on as it was understood, with the one model, or refused in words', () => {
  const content = fc.oneof(
    odd,
    fc.record({ type: fc.constantFrom('text', 'image', 'tool_use'), source: odd, text: odd }),
  );
  const request = fc.record(
    {
      model: fc.constantFrom('m', 'other'),
      max_tokens: fc.oneof(fc.constantFrom(1, 200_000, 200_001, 0, 1.5), odd),
      messages: fc.array(fc.record({ role: odd, content }), { maxLength: 2 }),
      tools: fc.oneof(
        fc.array(fc.record({ type: fc.constantFrom('custom', 'web_search_20250305', 'bash_20250124') })),
        odd,
      ),
      mcp_servers: odd,
    },
    { requiredKeys: ['model', 'max_tokens'] },
  );
  const bodies = fc.oneof(
    request.map((value) => JSON.stringify(value)),
    shuffled(['{', '}', '"model":"m"', ',', '[', ']']),
  );
  fc.assert(
    fc.property(bodies, (text) => {
      const read = readAskedCall(Buffer.from(text), 'm');
      if ('status' in read) return expect(read.message.length).toBeGreaterThan(0);
      const passed = JSON.parse(read.body.toString('utf8'));
      expect([passed.model, passed.max_tokens, passed.mcp_servers]).toEqual(['m', read.maxTokens, undefined]);
      expect(read.body.toString()).not.toContain('web_search');
    }),
    tries(300),
  );
});
