import type { VerifyPorts } from '../../../workflows/checks/verify.js';
import type { CheckRun, EvidenceRecord, PlannedCheck } from '../../../workflows/contract/activities/checks.js';
import type { ComposeOutcome } from '../../../workflows/contract/activities/merge.js';

export const check = (name: string, more: Partial<PlannedCheck> = {}): PlannedCheck => ({
  name,
  key: '',
  needs: [],
  required: true,
  failFast: false,
  rerunsTests: true,
  timeoutMs: 300_000,
  estMs: 1_000,
  ...more,
});

type Answer = Partial<CheckRun> & Pick<CheckRun, 'outcome'>;

/** A check runner and an evidence store that keep state. Runs are named `<check>@<tree>:<purpose>`. */
export class FakeChecks implements VerifyPorts {
  readonly ran: string[] = [];
  readonly told: string[] = [];
  readonly voided: string[] = [];
  readonly evidence: EvidenceRecord[] = [];
  composed: ComposeOutcome | { readonly kind: 'infra'; readonly error: string } = {
    kind: 'composed',
    parent: 'tip',
    parentTree: 'old',
    commit: 'new',
    tree: 'new',
  };
  /** Trees whose configuration cannot be read. */
  invalid: readonly string[] = [];
  /** Trees whose configuration nobody can be asked for now. */
  unread: readonly string[] = [];
  /** Checks that only these trees have. */
  only: Readonly<Record<string, readonly string[]>> = {};
  stopped = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    readonly checks: readonly PlannedCheck[],
    /** By `<check>@<tree>:<purpose>`, then `<check>@<tree>`, then green. */
    readonly answers: Readonly<Record<string, Answer | 'waits'>> = {},
  ) {}

  compose = async () => this.composed;

  planChecks: VerifyPorts['planChecks'] = async ({ tree }) => {
    if (this.unread.includes(tree)) return { kind: 'infra', error: 'the mirror is away' };
    return this.invalid.includes(tree)
      ? { kind: 'invalid', message: `line 3 of ${tree}` }
      : {
          kind: 'planned',
          checks: this.checks
            .filter(({ name }) => this.only[name]?.includes(tree) ?? true)
            .map((one) => ({ ...one, key: `${one.name}@${tree}` })),
        };
  };

  lookUpEvidence: VerifyPorts['lookUpEvidence'] = async (keys) => this.evidence.filter(({ key }) => keys.includes(key));

  runCheck: VerifyPorts['runCheck'] = async ({ check: name, tree, purpose, only }) => {
    this.ran.push(`${name}@${tree}:${purpose}${only ? `[${only.join(' ')}]` : ''}`);
    const answer = this.answers[`${name}@${tree}:${purpose}`] ??
      this.answers[`${name}@${tree}`] ?? { outcome: 'passed' };
    if (answer === 'waits') {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      return { outcome: 'infra', failedTests: [], ms: 1, message: 'stopped' };
    }
    return { failedTests: answer.outcome === 'failed' ? ['adds'] : [], ms: 10, ...answer };
  };

  storeEvidence: VerifyPorts['storeEvidence'] = async (record) => {
    const known = this.evidence.find(({ key }) => key === record.key);
    if (known) return known;
    const stored = { ...record, id: `evidence of ${record.key}`, buildId: 'build' };
    this.evidence.push(stored);
    return stored;
  };

  voidEvidence: VerifyPorts['voidEvidence'] = async (keys) => {
    this.voided.push(...keys);
    for (const key of keys)
      this.evidence.splice(0, this.evidence.length, ...this.evidence.filter((one) => one.key !== key));
  };

  suspect: VerifyPorts['suspect'] = async ({ name }) => void this.told.push(name);

  stopRunning = (): void => {
    this.stopped = true;
    for (const resolve of this.waiting.splice(0)) resolve();
  };

  known(key: string, outcome: 'passed' | 'failed'): void {
    this.evidence.push({
      id: `known ${key}`,
      key,
      check: key.split('@')[0] ?? '',
      tree: key.split('@')[1] ?? '',
      outcome,
      flakyTests: [],
      failedTests: outcome === 'failed' ? ['adds'] : [],
      buildId: 'other',
      ms: 1,
    });
  }
}
