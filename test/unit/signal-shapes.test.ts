import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHeard, SHAPED_SIGNALS } from '../../workflows/support/signal-shapes.js';
import { ROOT } from '../support/import-graph.js';

interface Definition {
  readonly type?: string;
  readonly name?: string;
}

test('every signal of the contract is looked at before a workflow hears it, and no other', async () => {
  const directory = join(ROOT, 'workflows/contract');
  const names = new Set<string>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.ts'))) {
    const exported = Object.values((await import(join(directory, file))) as Record<string, Definition | undefined>);
    for (const one of exported) if (one?.type === 'signal') names.add(String(one.name));
  }
  expect([...SHAPED_SIGNALS].sort()).toEqual([...names].sort());
});

const GOOD: readonly (readonly [string, object | undefined])[] = [
  ['mail', { mailId: 'm', answers: 'q' }],
  ['mail', { mailId: 'm' }],
  ['hold', { by: 'factory', on: true }],
  ['admitted', { slots: 2, nth: 1, answer: true }],
  ['taskChanged', { taskId: 't', attempt: 1, state: 'REVIEW', wantsSlot: false, hasBranch: true }],
  ['runChanged', { runId: 'r', state: 'completed', outcome: { kind: 'completed', summary: 'Done.' } }],
  ['queueChanged', { branch: 'main', mode: 'red', reason: 'tests' }],
  ['forgeEvent', { kind: 'entryLanded', entryId: 'e', prNumber: 1, mergeSha: 'a' }],
  ['forgeEvent', { kind: 'baseMoved' }],
  ['buildDone', { pathId: 'p', attempt: 1, phase: 'verdict', result: {} }],
  ['askAdmission', { workflowId: 'epic/1', priority: 3, wants: 0 }],
  ['stopRun', { by: 'parent', cancel: true }],
  ['tick', undefined],
];

test.each(GOOD)('%s is heard when it is whole', (name, message) => {
  expect(isHeard(name, message)).toBe(true);
});

test('a field that is missing or of another type makes a message unheard, whichever it is', () => {
  for (const [name, message] of GOOD.filter(([, one]) => one !== undefined)) {
    const optional = ['answers', 'nth', 'answer', 'outcome', 'reason', 'result', 'cancel'];
    for (const field of Object.keys(message ?? {})) {
      const wrong = { ...message, [field]: Symbol('of another type') };
      if (!['answer', 'cancel'].includes(field))
        expect([name, field, isHeard(name, wrong)]).toEqual([name, field, false]);
      const { [field]: _, ...rest } = message as Record<string, unknown>; // a plain object above
      expect([name, field, isHeard(name, rest)]).toEqual([name, field, optional.includes(field)]);
    }
  }
});

test('whatever a signal holds, looking at it never throws', () => {
  const names = fc.oneof(fc.constantFrom(...SHAPED_SIGNALS), fc.string(), fc.constantFrom('constructor', '__proto__'));
  fc.assert(fc.property(names, fc.anything(), (name, message) => typeof isHeard(name, message) === 'boolean'));
});
