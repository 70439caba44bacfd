import type { Control } from '../control.js';

const OPEN = 'activities/agents/tools/program/open.ts';
const WRITE = 'activities/agents/tools/program/write-file.ts';
const TREE = 'activities/agents/tools/tool-tree.ts';

export const FILE_CONTROLS: readonly Control[] = [
  {
    name: 'files.no-way-up',
    about: 'no part of a path is ..',
    edits: [{ file: OPEN, cut: "if (parts.includes('..'))", put: 'if (parts.length < 0)' }],
  },
  {
    name: 'files.relative',
    about: 'a path is relative to the root of the tree',
    edits: [{ file: OPEN, cut: "if (name.startsWith('/'))", put: 'if (name.length < 0)' }],
  },
  {
    name: 'files.no-nul',
    about: 'a path holds no NUL',
    edits: [
      {
        file: OPEN,
        cut: "if (name.includes('\\0')) throw",
        put: "if (name.includes('\\0')) name = name.replaceAll('\\0', ''); else if (name.length < 0) throw",
      },
    ],
  },
  {
    name: 'files.no-git',
    about: 'the tree has no .git, and none can be made',
    edits: [{ file: OPEN, cut: "if (parts[0] === '.git') throw", put: 'if (parts.length < 0) throw' }],
  },
  {
    name: 'files.no-follow',
    about: 'no link is followed, wherever it stands in a path',
    edits: [
      {
        file: OPEN,
        cut: 'next = fs.openSync(below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);',
        put: 'next = fs.openSync(below, O_RDONLY | O_DIRECTORY);',
      },
      { file: OPEN, cut: 'O_RDONLY | O_NOFOLLOW | O_NONBLOCK', put: 'O_RDONLY | O_NONBLOCK' },
    ],
  },
  {
    name: 'files.regular',
    about: 'only regular files are opened',
    edits: [{ file: OPEN, cut: 'if (stat.isFile()) return file;', put: 'if (!stat.isDirectory()) return file;' }],
  },
  {
    name: 'files.size',
    about: 'only files of a bounded size are read',
    edits: [{ file: OPEN, cut: 'if (size > maxBytes)', put: 'if (size < 0)' }],
  },
  {
    name: 'files.replaced',
    about: 'a file is replaced, never written into',
    edits: [
      { file: WRITE, cut: '`${below}/.millwright-part-${globalThis.crypto.randomUUID()}`', put: '`${below}/${name}`' },
      { file: WRITE, cut: 'O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW', put: 'O_WRONLY | O_CREAT | O_NOFOLLOW' },
    ],
  },
  {
    name: 'files.no-setuid',
    about: 'what is written is never setuid',
    edits: [{ file: WRITE, cut: 'before.mode & 0o777', put: 'before.mode & 0o7777' }],
  },
  {
    name: 'files.tool-permissions',
    about: 'a role calls the tools of its table',
    edits: [
      {
        file: 'activities/agents/tools/permission.ts',
        cut: "if (found.kind === 'denied') throw",
        put: 'if (name.length < 0) throw',
      },
    ],
  },
  {
    name: 'files.arguments',
    about: 'arguments are what the schema says',
    edits: [
      {
        file: 'activities/agents/tools/arguments.ts',
        cut: 'if (validate(input)) {',
        put: 'if (validate(input) || tool) {',
      },
    ],
  },
  {
    name: 'files.own-tree',
    about: 'a run opens the tree of its own task and project only',
    edits: [{ file: TREE, cut: 'if (!isOwn || record.projectId !== run.projectId)', put: 'if (isOwn === undefined)' }],
  },
  {
    name: 'files.fence',
    about: 'an attempt that was replaced opens no tree',
    edits: [{ file: TREE, cut: '  await checkFence(tree, fence);\n' }],
  },
  {
    name: 'files.plain-output',
    about: 'output loses its terminal escapes before anybody sees it',
    edits: [
      {
        file: 'activities/checks/log-text.ts',
        cut: 'if (isPlain(character.codePointAt(0) ?? 0)) plain',
        put: 'if (isPlain(32)) plain',
      },
    ],
  },
];
