import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mayCommand, PERMISSIONS, permissionOf } from '../../../domain/forge/actors.js';
import { COMMAND_VERBS, readComment } from '../../../domain/forge/commands.js';

test.each(COMMAND_VERBS.filter((verb) => verb !== 'ask'))('/millwright %s is a command, in any case', (verb) => {
  const command = { kind: 'command', verb, text: '' };
  expect(readComment(`/millwright ${verb}`)).toEqual(command);
  expect(readComment(`/MillWright \t ${verb.toUpperCase()}  \r\nand more below`)).toEqual(command);
});

test('what stands behind a verb is its text; a question goes on below its line', () => {
  expect(readComment('/millwright cancel too dear \n not this')).toEqual({
    kind: 'command',
    verb: 'cancel',
    text: 'too dear',
  });
  expect(readComment('/millwright ask why?\r\n\r\nIn red, I mean.')).toEqual({
    kind: 'command',
    verb: 'ask',
    text: 'why?\n\nIn red, I mean.',
  });
  expect(readComment('/millwright ask\nbelow')).toMatchObject({ verb: 'ask', text: 'below' });
});

test.each([
  ['/millwright', ''],
  ['/millwright frobnicate now', 'frobnicate'],
  ['/millwright ask', 'ask'],
  ['/millwright plan,', 'plan,'],
  [`/millwright ${'x'.repeat(99)}`, 'x'.repeat(40)],
])('%s is addressed to us and no command', (body, said) => {
  expect(readComment(body)).toEqual({ kind: 'unknown', said });
});

test.each([
  '',
  'Please /millwright cancel',
  '\n/millwright cancel',
  '> /millwright cancel',
  '    /millwright cancel',
  '```\n/millwright cancel\n```',
  '/millwrights cancel',
  '@millwright cancel',
  '<!-- x --> /millwright cancel',
  '\u200b/millwright cancel',
])('%j is none', (body) => {
  expect(readComment(body)).toEqual({ kind: 'none' });
});

test('no text makes the reader fail or answer with more than it was given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.boolean(), (text, isAddressed) => {
      const reading = readComment(isAddressed ? `/millwright ${text}` : text);
      if (reading.kind === 'command') expect(reading.text.length).toBeLessThanOrEqual(text.length);
      if (!isAddressed && !/^\/millwright/i.test(text)) expect(reading.kind).toBe('none');
    }),
  );
});

test('whoever may push may command, and members of a team that is named', () => {
  const may = PERMISSIONS.filter((permission) => mayCommand({ permission, isInTeam: false }));
  expect(may).toEqual(['write', 'maintain', 'admin']);
  expect(mayCommand({ permission: 'none', isInTeam: true })).toBe(true);
});

test('a role of an organisation’s own counts as what it grants, and what is not known grants nothing', () => {
  expect(permissionOf('triage', 'read')).toBe('triage');
  expect(permissionOf('maintain', 'write')).toBe('maintain');
  expect(permissionOf('release-captain', 'write')).toBe('write');
  expect(permissionOf(undefined, 'admin')).toBe('admin');
  expect(permissionOf('owner', 'owner')).toBe('none');
});
