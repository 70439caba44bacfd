import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT } from '../../support/import-graph.js';

const inFolder = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));

const PAGES = [...readdirSync(ROOT).filter((name) => name.endsWith('.md')), ...inFolder('docs')];

/** Without what stands in code blocks, where brackets and hashes mean other things. */
const proseOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```/gms, '');

/** As GitHub makes them: lower case, spaces as hyphens, no other punctuation. */
const anchorsOf = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );

/** Links to places in this repository that are not there. */
const deadLinks = (page: string): readonly string[] =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z+]+:/i.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && !anchorsOf(file).includes(anchor);
    });

test.each(PAGES)('every relative link of %s leads somewhere', (page) => {
  expect(deadLinks(page)).toEqual([]);
});

test('the pages of a first user and of an operator are looked at', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'docs/guide.md', 'docs/operations.md']));
});
