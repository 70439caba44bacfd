import { chaosCase, type Guard, testIn } from './guard.js';

const PUSH = 'infra/git/push.ts';
const VERDICT = 'infra/git/push-verdict.ts';
const LANDING = 'activities/git/queue/landing.ts';
const IS_THERE = '  if (applied || refs.every(({ ref, to }) => now.get(ref) === to)) return [];\n';

const LEASE_GUARDS: readonly Guard[] = [
  {
    name: 'push-lease',
    about: 'a branch moves only from where we believe it is',
    edits: [{ file: PUSH, cut: "        '--atomic',\n", put: "        '--atomic',\n        '--force',\n" }],
    proofs: [
      testIn('infra/git-push', 'a branch that somebody else moved is a conflict and stays'),
      testIn('infra/git-push', 'a landing is refused when the base moved or was rewound'),
      testIn('infra/git-push', 'a landing is refused when the author pushed meanwhile, and the base stays'),
    ],
  },
  {
    name: 'landing-head-lease',
    about: 'a landing is refused when its author pushed since it was tested',
    edits: [{ file: PUSH, cut: 'guard ? [target, guard] : [target]', put: '[target]' }],
    proofs: [
      testIn('infra/git-push', 'a landing is refused when the author pushed meanwhile, and the base stays'),
      testIn(
        'activities/merge/landing',
        'between preparation and push refuses the push: neither old nor mixed content lands',
      ),
    ],
  },
  {
    name: 'landing-descent',
    about: 'a base moves forward only',
    edits: [
      { file: PUSH, cut: '  await requireDescent(repo, base, commit, signal);\n  const target', put: '  const target' },
    ],
    proofs: [testIn('infra/git-push', 'a commit that does not descend from the base is never pushed')],
  },
  {
    name: 'push-read-back',
    about: 'after an unknown push the remote says whether it came',
    edits: [
      { file: VERDICT, cut: IS_THERE },
      { file: VERDICT, cut: ' && now.get(ref) !== to);', put: ');' },
    ],
    proofs: [testIn('infra/git-push', 'pushing what the forge holds already is done, whatever was expected')],
  },
  {
    name: 'git-credential-renewed',
    about: 'a push or fetch that is refused for its token is tried once more with another one',
    edits: [
      {
        file: 'infra/git/run.ts',
        cut: "? await again() : result;\n  } catch (error) {\n    if (error instanceof Failure && failureReason(error) === 'DENIED'",
        put: "? result : result;\n  } catch (error) {\n    if (again === undefined && failureReason(error) === 'DENIED'",
      },
    ],
    proofs: [testIn('infra/forge-github', 'git, too, gets another token where the one it was given is none any more')],
  },
  {
    name: 'landing-read-back',
    about: 'landing and queue look first whether an earlier attempt has landed',
    edits: [
      {
        file: LANDING,
        cut: "  if (await contains(opened, tip, target.commit, signal)) return { kind: 'landed' };\n  if ((await mergeConfigAt",
        put: '  if ((await mergeConfigAt',
      },
      {
        file: 'activities/git/queue/inspect.ts',
        cut: '  if (row?.landing && (await contains(opened, tip, row.landing.commit, signal)))',
        put: "  if (row?.landing && row.landing.commit === '')",
      },
    ],
    proofs: [
      testIn(
        'activities/merge/landing',
        'whose answer was lost finds its commit on the base, also under commits of others',
      ),
    ],
  },
  {
    name: 'landing-certificate',
    about: 'a tree lands only with passed evidence for every required check',
    edits: [{ file: LANDING, cut: "  if (missing.length > 0) return { kind: 'uncertified', checks: missing };\n" }],
    proofs: [
      testIn(
        'activities/merge/landing',
        'is passed evidence for every required check on the landing tree, and nothing less',
      ),
    ],
  },
  {
    name: 'landed-tree',
    about: 'what the base holds after a landing is compared with what was tested',
    edits: [{ file: LANDING, cut: 'landed.tree !== target.tree', put: 'landed.tree === undefined' }],
    proofs: [testIn('activities/merge/landing', 'something else than was tested is a mismatch')],
  },
];

const NEWER = 'newest !== undefined && newest > fence';

const FENCE_GUARDS: readonly Guard[] = [
  {
    name: 'fence',
    about: 'an attempt that another one has replaced writes nothing',
    edits: [{ file: 'infra/git/fence.ts', cut: NEWER, put: `${NEWER} && fence === ''` }],
    proofs: [
      testIn('activities/git-trees', 'an older fence does not get the tree'),
      testIn('activities/git-tree-work', 'a stalled first attempt is shut out by the second of the same activity'),
      testIn('activities/tools/host-tools', 'an older attempt does not write after a newer one'),
    ],
  },
  {
    name: 'fence-of-tool-call',
    about: 'a call runs only for the newest attempt on its tree',
    edits: [
      {
        file: 'activities/agents/tools/tool-tree.ts',
        cut: '  await checkFence(tree, fence);\n',
        put: '  if (fence === undefined) await checkFence(tree, fence);\n',
      },
    ],
    proofs: [testIn('activities/tools/host-tools', 'an older attempt does not write after a newer one')],
  },
  {
    name: 'fence-of-tree',
    about: 'a tree is handed out only to the newest attempt',
    edits: [
      {
        file: 'activities/git/acquire-tree.ts',
        cut: '  if (await deps.trees.find(treeId)) await checkFence(deps.trees.store.live(treeId), attemptFence);\n',
      },
    ],
    proofs: [
      testIn('activities/git-trees', 'an older attempt does not put other files into the tree of the newer one'),
    ],
  },
  {
    name: 'fence-of-commit',
    about: 'a round is committed only by the newest attempt, looked at again right before the push',
    edits: [
      {
        file: 'activities/git/commit-round.ts',
        cut: '  await checkFence(tree, attemptFence);\n  const done',
        put: '  const done',
      },
    ],
    proofs: [
      testIn('activities/git-tree-work', 'an attempt that is replaced while it takes its snapshot pushes nothing'),
    ],
  },
  {
    name: 'fence-of-rebase',
    about: 'files are merged only by the newest attempt',
    edits: [
      {
        file: 'activities/git/tree.activities.ts',
        cut: '      await checkFence(tree, attemptFence(fence));\n',
        put: "      if (fence === '') await checkFence(tree, attemptFence(fence));\n",
      },
    ],
    proofs: [
      testIn(
        'activities/git-tree-work',
        'an older attempt neither keeps a checkpoint nor changes the files for a rebase',
      ),
    ],
  },
  {
    name: 'fence-of-checkpoint',
    about: 'files are kept only by the newest attempt',
    edits: [
      {
        file: 'activities/git/keep-checkpoint.ts',
        cut: '    await checkFence(tree, withAttempt(fence, activityInfo().attempt));\n',
        put: "    if (fence === '') await checkFence(tree, withAttempt(fence, activityInfo().attempt));\n",
      },
    ],
    proofs: [
      testIn(
        'activities/git-tree-work',
        'an older attempt neither keeps a checkpoint nor changes the files for a rebase',
      ),
    ],
  },
];

const OWNER_GUARDS: readonly Guard[] = [
  {
    name: 'tree-owner',
    about: 'a tree is worked in by its owner alone',
    edits: [
      {
        file: 'infra/git/trees.ts',
        cut: '    if (record.ownerId !== input.ownerId || record.projectId !== input.projectId) throw belongsToAnother(input.treeId);\n',
      },
    ],
    proofs: [testIn('infra/git-trees', 'a tree of another owner, or of another project, is not handed out')],
  },
  {
    name: 'tree-ready',
    about: 'a half-made tree is made anew, and neither worked in nor kept as it is',
    edits: [
      {
        file: 'infra/git/trees.ts',
        cut: 'if (record.ready && input.checkOut === undefined)',
        put: 'if (input.checkOut === undefined)',
      },
      {
        file: 'activities/agents/tools/tool-tree.ts',
        cut: '  if (!record.ready) throw',
        put: "  if (treeId === '') throw",
      },
      {
        file: 'activities/git/keep-checkpoint.ts',
        cut: 'if (!record.ready || record.baseSha === undefined)',
        put: 'if (record.baseSha === undefined)',
      },
    ],
    proofs: [testIn('infra/git-trees', 'a half-made tree is finished by the next attempt')],
  },
  {
    name: 'dead-owner',
    about: 'a number that another process has now is no proof that the owner lives',
    edits: [
      {
        file: 'infra/process-identity.ts',
        cut: 'findProcess(pid)?.startedAt === startedAt;',
        put: "findProcess(pid) !== undefined && startedAt !== '';",
      },
    ],
    proofs: [testIn('infra/owner-lock', 'a process that took over the number of a dead owner does not hold its lock')],
  },
  {
    name: 'lock-takeover',
    about: 'of many that find a dead owner one takes its lock over',
    edits: [
      {
        file: 'infra/owner-lock.ts',
        cut: "    if (claim.kind === 'taken') continue; // being taken over right now\n    const current = readOwner(path);\n    if (current !== undefined && nameOf(current) === nameOf(owner)) unlinkSync(path);\n    claim.lock.release();\n",
        put: "    unlinkSync(path);\n    if (claim.kind === 'held') claim.lock.release();\n",
      },
    ],
    proofs: [
      testIn('infra/owner-lock', 'whoever finds a dead owner leaves its lock to another one that is taking it over'),
      testIn('infra/owner-lock', 'a lock that another one has taken over since it was looked at is left alone'),
    ],
  },
  {
    name: 'lock-of-living-git',
    about: 'the lock of a git that runs stays',
    edits: [{ file: 'infra/git/stale-locks.ts', cut: 'of busy ? [] : found)', put: 'of found)' }],
    proofs: [testIn('infra/git-janitor', 'nothing is touched while a git works on the repository')],
  },
  {
    name: 'stale-locks',
    about: 'the lock of a dead git goes',
    edits: [
      {
        file: 'infra/git/stale-locks.ts',
        cut: 'if (found.length === 0) return 0;',
        put: 'if (found.length >= 0) return 0;',
      },
    ],
    proofs: [
      testIn('infra/git-janitor', 'locks and temporary files of a dead git go, and nothing else'),
      testIn('infra/git-janitor', 'work goes on by itself after a git was killed with its locks held'),
      testIn('infra/git-janitor', 'a forge whose receive-pack was killed takes the next push'),
    ],
  },
];

const MENDING_GUARDS: readonly Guard[] = [
  {
    name: 'mending',
    about: 'damaged objects are set aside, and come back from where they are whole',
    edits: [
      {
        file: 'infra/git/mending.ts',
        cut: '    if (!isOurs) return',
        put: "    if (!isOurs || gitDir !== '') return",
      },
    ],
    proofs: [chaosCase('24-object-zeroed', 1), chaosCase('24-pack-bit-flip', 1)],
  },
];

/** Leases, fences and owners: what keeps two writers of one branch or tree apart. */
export const GIT_GUARDS: readonly Guard[] = [...LEASE_GUARDS, ...FENCE_GUARDS, ...OWNER_GUARDS, ...MENDING_GUARDS];
