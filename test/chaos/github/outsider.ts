import { setTimeout as sleep } from 'node:timers/promises';
import type { GitHub } from '../../support/github/start.js';
import type { CaseRun } from '../case.js';

export interface Outside {
  /** Commits that must still be on the base at the end. */
  readonly commits: readonly string[];
  /** How often the base was rewritten. */
  readonly rewritten: number;
}

export interface OutsiderOptions {
  readonly repository: string;
  readonly pushes: number;
  readonly betweenMs: number;
  /** The first push from this one on that nothing has landed on yet is replaced by another, by force. Default: none. */
  readonly rewritesAfter?: number;
}

/** Somebody who pushes to the base while Millwright works: files of their own, and lines in a file of everybody's. */
export class Outsider {
  private readonly commits: string[] = [];
  private rewritten = 0;
  private isOver = false;
  private readonly pushing: Promise<void>;

  constructor(
    private readonly github: GitHub,
    run: CaseRun,
    private readonly options: OutsiderOptions,
  ) {
    this.pushing = this.pushAll(run);
    run.atEnd(async () => {
      this.isOver = true;
      await this.pushing.catch(() => {}); // told by `stop`
    });
  }

  /** What they did, once they have done all of it. */
  async done(): Promise<Outside> {
    await this.pushing;
    return { commits: this.commits, rewritten: this.rewritten };
  }

  private async pushAll({ random, note }: CaseRun): Promise<void> {
    const { pushes, betweenMs, rewritesAfter } = this.options;
    for (let push = 1; push <= pushes && !this.isOver; push++) {
      await sleep(betweenMs * (0.5 + random()));
      const commit = await this.push(push, push % 3 === 0);
      const isToRewrite = this.rewritten === 0 && push >= (rewritesAfter ?? Number.POSITIVE_INFINITY);
      if (!isToRewrite || !(await this.replace(commit, push))) this.commits.push(commit);
      note(`an outsider has pushed ${push} times to the base`);
    }
  }

  private async push(push: number, isShared: boolean): Promise<string> {
    for (;;) {
      const tip = await this.tip();
      const shared = await this.github.people.git(this.options.repository, 'show', `${tip}:shared.txt`);
      const files = {
        [`outside-${push}.txt`]: `${push}\n`,
        ...(isShared ? { 'shared.txt': `${shared}\noutside-${push}\n` } : {}),
      };
      try {
        return await this.github.people.push({ ...this.at, files, expecting: tip, message: `Outside ${push}` });
      } catch (error) {
        if (!/stale info/.test(String(error))) throw error;
      }
    }
  }

  /** @returns false when something has landed on it meanwhile, which nobody would replace */
  private async replace(commit: string, push: number): Promise<boolean> {
    const parent = await this.github.people.git(this.options.repository, 'rev-parse', `${commit}^`);
    const files = { [`outside-${push}.txt`]: `${push}, amended\n` };
    try {
      const made = { ...this.at, files, parent, expecting: commit, message: `Outside ${push}, amended` };
      this.commits.push(await this.github.people.push(made));
    } catch {
      return false;
    }
    this.rewritten += 1;
    return true;
  }

  private get at(): { readonly repository: string; readonly branch: string; readonly by: string } {
    return { repository: this.options.repository, branch: 'main', by: 'olga' };
  }

  private async tip(): Promise<string> {
    return (await this.github.people.tip(this.options.repository, 'main')) ?? '';
  }
}
