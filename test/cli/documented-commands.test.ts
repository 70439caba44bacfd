import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { commandLine } from '../support/cli/command-line.js';
import { ROOT } from '../support/import-graph.js';

const PAGES = [
  'README.md',
  'docs/guide.md',
  'docs/operations.md',
  'docs/command-agents.md',
  'docs/github.md',
  'docs/linear.md',
];
const millwright = commandLine('http://127.0.0.1:1', 'key');

interface Written {
  readonly text: string;
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** In code of either kind: `millwright`, words, then arguments and options up to the end of the command. */
const commandsOf = (page: string): readonly Written[] => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const code = [...text.matchAll(/^```(?:sh|text)?\n([\s\S]*?)^```/gm), ...text.matchAll(/`([^`\n]+)`/g)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.replace(/"[^"]*"|'[^']*'/g, '"…"').replace(/ #.*$/, ''));
  return code.flatMap((line) =>
    [...line.matchAll(/(?:^|[\s(|]|=\S+ )millwright ([a-z][^&;|()→]*)/g)].map(([, command = '']) => {
      const parts = command.trim().split(/\s+/);
      const end = parts.findIndex((part) => !/^[a-z]+$/.test(part));
      return {
        text: command.trim(),
        words: parts.slice(0, end < 0 ? parts.length : end),
        options: parts
          .filter((part) => /^\[?--/.test(part))
          .map((part) => part.replace(/[[\],=].*$|^\[/g, '').replace(/^\[/, '')),
      };
    }),
  );
};

async function helpOf(...words: readonly string[]): Promise<string | undefined> {
  const { exit, stdout } = await millwright(...words, '--help');
  return exit === 0 && stdout.startsWith(`Usage: millwright ${words.join(' ')} `) ? stdout : undefined;
}

/** Of the command that the words name, with what its default can do: `mail --waiting` is `mail list --waiting`. */
async function knownHelp([first = '', second]: readonly string[]): Promise<string | undefined> {
  const help = await helpOf(first);
  if (!help?.includes('\nCommands:\n')) return help; // a second word is an argument
  return second === undefined ? help + ((await helpOf(first, 'list')) ?? '') : helpOf(first, second);
}

test.each(PAGES)('every command of %s is one, with the options that it has', async (page) => {
  const wrong: string[] = [];
  for (const { text, words, options } of commandsOf(page)) {
    const help = await knownHelp(words);
    if (help === undefined || options.some((option) => option !== '--json' && !help.includes(option))) wrong.push(text);
  }
  expect(wrong).toEqual([]);
});

test('commands are found where they stand', () => {
  expect(commandsOf('docs/guide.md').length).toBeGreaterThan(20);
});
