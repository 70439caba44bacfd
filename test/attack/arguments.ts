import { readCommandLine } from '../support/options.js';

export interface AttackOptions {
  /** Only say what there is. */
  readonly list: boolean;
  /** Only this family. */
  readonly family: string | undefined;
  /** Only vectors whose name contains this. */
  readonly vector: string | undefined;
  /** Control to remove; `each` shows for every one that its removal is noticed. */
  readonly without: string | undefined;
  /** Only the vectors that this control stops; the parent of a variant asks for it. */
  readonly stoppedBy: string | undefined;
  /** Only vectors of the short run. */
  readonly smoke: boolean;
}

const USAGE = `npm run attack -- [--family <name>] [--vector <words>] [--without <control>|each] [--smoke] [--list]`;

/** Ends the process for an unknown option. */
export const readOptions = (): AttackOptions => {
  const { values } = readCommandLine(USAGE, {
    options: {
      list: { type: 'boolean', default: false },
      family: { type: 'string' },
      vector: { type: 'string' },
      without: { type: 'string' },
      'stopped-by': { type: 'string' },
      smoke: { type: 'boolean', default: false },
    },
  });
  const { list, family, vector, without, smoke } = values;
  return { list, family, vector, without, smoke, stoppedBy: values['stopped-by'] };
};
