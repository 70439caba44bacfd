import type { Control } from '../control.js';

const RUN = 'infra/git/run.ts';
const HARDENING = 'infra/git/hardening.ts';
const PUSH = 'infra/git/push.ts';
const REFS = 'infra/git/refs.ts';
const SOURCE = 'infra/git/source.ts';

/** A setting of the hardened set. */
const setting = (name: string, about: string, ...lines: readonly string[]): Control => ({
  name,
  about,
  edits: lines.map((cut) => ({ file: HARDENING, cut: `  '${cut}',\n` })),
});

const NO_TRANSPORT_RULES = [
  { file: HARDENING, cut: "    'protocol.allow=never',", put: "    'protocol.allow=always'," },
  { file: HARDENING, cut: "    GIT_ALLOW_PROTOCOL: transport === 'none' ? '' : transport,\n" },
];

const COMMANDS: readonly Control[] = [
  {
    name: 'git.own-git-dir',
    about: 'every host git is told a GIT_DIR that no agent can write',
    // Git then works with whatever repository the tree holds.
    edits: [
      {
        file: RUN,
        cut: '    GIT_DIR: call.gitDir,',
        put: `    GIT_DIR: existsSync(call.workTree + '/.git')
      ? call.workTree + '/.git'
      : existsSync(call.workTree + '/HEAD') ? call.workTree : call.gitDir,`,
      },
      { file: RUN, cut: "'node:child_process';", put: "'node:child_process';\nimport { existsSync } from 'node:fs';" },
    ],
  },
  {
    name: 'git.environment',
    about: 'only an allow-list of the environment reaches git',
    edits: [{ file: RUN, cut: '    GIT_DIR: call.gitDir,', put: '    ...outer,\n    GIT_DIR: call.gitDir,' }],
  },
  setting('git.fsmonitor', 'no program watches the file system', 'core.fsmonitor=false'),
  setting('git.hooks', 'no hook runs', 'core.hooksPath=/dev/null'),
  setting('git.attributes-file', 'no attributes but those of commits and trees', 'core.attributesFile=/dev/null'),
  setting(
    'git.signatures',
    'no program looks at signatures',
    'gpg.program=/bin/false',
    'gpg.ssh.program=/bin/false',
    'gpg.x509.program=/bin/false',
    'log.showSignature=false',
  ),
  setting('git.alternate-refs', 'no program names references of others', 'core.alternateRefsCommand=true'),
  setting('git.object-checks', 'objects are checked when they are fetched', 'transfer.fsckObjects=true'),
  {
    name: 'git.transports',
    about: 'only the transport that a call names is allowed',
    edits: [...NO_TRANSPORT_RULES, { file: HARDENING, cut: "  'core.sshCommand=/bin/false',\n" }],
  },
  {
    name: 'git.lazy-fetch',
    about: 'missing objects are not asked for behind our back',
    edits: [...NO_TRANSPORT_RULES, { file: HARDENING, cut: "    GIT_NO_LAZY_FETCH: '1',\n" }],
  },
  {
    name: 'git.operands',
    about: 'operands are objects, refs or addresses, and stand behind --end-of-options',
    edits: [
      { file: RUN, cut: '  checkOperands(call.command, operands);\n' },
      { file: RUN, cut: 'operands.length > 0 && TAKES_END_OF_OPTIONS[call.command]', put: 'false' },
    ],
  },
];

const REF_RULES: readonly Control[] = [
  {
    name: 'git.branch-names',
    about: 'a branch name is what git-check-ref-format takes, and never begins with a dash',
    edits: [
      { file: REFS, cut: '  if (why !== undefined) throw', put: '  if (why === name) throw' },
      { file: REFS, cut: '  if (!UUID.test(taskId)) throw', put: '  if (UUID === undefined) throw' },
    ],
  },
  {
    name: 'git.own-refs',
    about: 'only refs below our own prefixes are pushed',
    edits: [{ file: PUSH, cut: '  if (!isOwnRef(input.ref)) throw', put: '  if (isOwnRef === undefined) throw' }],
  },
  {
    name: 'git.leases',
    about: 'every push is under a lease',
    edits: [{ file: PUSH, cut: '=> `--force-with-lease=', put: "=> '--force' || `" }],
  },
  {
    name: 'git.fast-forward',
    about: 'a target branch is moved forward only',
    edits: [{ file: PUSH, cut: '  if (exitCode !== 0)\n    throw', put: '  if (exitCode < 0)\n    throw' }],
  },
];

const SOURCES: readonly Control[] = [
  {
    name: 'git.source-addresses',
    about: 'a source is an absolute path or an https address of a named host',
    edits: [
      { file: SOURCE, cut: "throw refused('must be an absolute path or an https:// address');", put: 'void text;' },
      { file: SOURCE, cut: "throw refused('must name its host by a DNS name');", put: 'void text;' },
    ],
  },
  {
    name: 'git.source-quoting',
    about: 'the path of a source is quoted for the shell that starts upload-pack',
    edits: [{ file: SOURCE, cut: "realPath.replaceAll(\"'\", `'\\\\''`)", put: 'realPath' }],
  },
  {
    name: 'git.source-outside-home',
    about: 'a source lies outside the data directory, links resolved',
    edits: [
      {
        file: SOURCE,
        cut: "throw refused('must lie outside the data directory, and not around it');",
        put: 'void sep;',
      },
    ],
  },
  {
    name: 'git.source-alternates',
    about: 'a source owns its objects',
    edits: [{ file: 'infra/git/import.ts', cut: 'if (await borrowsObjects(path))', put: 'if (path === undefined)' }],
  },
];

export const GIT_CONTROLS: readonly Control[] = [...COMMANDS, ...REF_RULES, ...SOURCES];
