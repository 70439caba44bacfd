import type { GitHub } from '../../support/github/start.js';
import { TITLES } from './scenario.js';
import type { Tracker } from './tracker.js';

export const PERSON = 'ada';

/** The issues of the repository itself. */
export class GitHubTracker implements Tracker {
  readonly variables = {}; // those of the forge
  readonly secrets = [];
  readonly project = {};
  /** Of the issue that was filed. */
  number = 0;

  constructor(
    private readonly github: GitHub,
    private readonly repository: () => string,
  ) {}

  async fileIssue(): Promise<void> {
    const { people } = this.github;
    const at = { repository: this.repository(), by: PERSON };
    const { number } = await people.openIssue({ ...at, title: TITLES.github, body: 'Some of them.' });
    this.number = number;
    await people.label({ ...at, number, name: 'millwright' });
  }

  private get state(): string | undefined {
    return this.github.state.issues.find(({ number }) => number === this.number)?.state;
  }

  get isIssueDone(): boolean {
    return this.state === 'closed';
  }

  complaints(): readonly string[] {
    return this.isIssueDone ? [] : [`the issue #${this.number} is ${this.state}`];
  }
}
