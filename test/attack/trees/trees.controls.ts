import type { Control } from '../control.js';

const SNAPSHOT = 'infra/git/snapshot.ts';
const SCAN = 'infra/git/scan.ts';

export const TREE_CONTROLS: readonly Control[] = [
  {
    name: 'trees.reserved-names',
    about: 'names that git or a file system reads as .git are found before git passes over them',
    edits: [
      { file: SCAN, cut: "    ? 'a repository or a name that git reads as its own'", put: '    ? undefined' },
      {
        file: SNAPSHOT,
        cut: "    if (path.endsWith('/')) hazards.push({ path, why: 'a repository inside the tree' });\n",
      },
      {
        file: SNAPSHOT,
        cut: "    'core.protectHFS=true',\n    'core.protectNTFS=true',\n",
        put: "    'core.protectHFS=false',\n    'core.protectNTFS=false',\n",
      },
    ],
  },
  {
    name: 'trees.kinds',
    about: 'pipes, sockets and devices are found before git drops them in silence',
    edits: [
      {
        file: SCAN,
        cut: 'whyNotName(name) ?? whyNotKind(entry)',
        put: 'whyNotName(name) ?? (whyNotKind === undefined ? name : undefined)',
      },
    ],
  },
  {
    name: 'trees.cleared-metadata',
    about: 'what is called .git goes before a tree is used again',
    edits: [{ file: 'infra/git/tree-content.ts', cut: "  await removeDirectory(join(tree.source, '.git'));\n" }],
  },
  {
    name: 'trees.file-size',
    about: 'a file that forges refuse is refused before it is read',
    edits: [{ file: SNAPSHOT, cut: 'stats.size > limits.maxFileBytes', put: 'stats.size < 0' }],
  },
  {
    name: 'trees.changed-size',
    about: 'all changes together have a size limit',
    edits: [{ file: SNAPSHOT, cut: 'total > limits.maxChangedBytes', put: 'total < 0' }],
  },
  {
    name: 'trees.entries',
    about: 'the number of files has a limit',
    edits: [{ file: SCAN, cut: '      if (entries > maxEntries)', put: '      if (entries < 0)' }],
  },
  {
    name: 'trees.hard-links',
    about: 'a hard link shows no file from outside the tree',
    edits: [{ file: SNAPSHOT, cut: '    if (stats.nlink > 1) linked', put: '    if (stats.nlink < 0) linked' }],
  },
  {
    name: 'trees.long-paths',
    about: 'a path that nobody can name is brought up, so that the tree can be cleaned and removed',
    edits: [
      { file: SCAN, cut: "if ((error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return 'tooLong';\n" },
      { file: 'infra/remove-directory.ts', cut: 'path.length <= LONG_PATH_BYTES', put: 'path.length > 0' },
    ],
  },
  {
    name: 'trees.fetchable',
    about: 'files that git reads itself are what every clone accepts',
    edits: [
      { file: SNAPSHOT, cut: '    if (why !== undefined) hazards.push({ path, why });\n', put: '    void why;\n' },
    ],
  },
];
