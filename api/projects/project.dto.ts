import type { TextPattern } from '../../domain/project-config/nodes.js';
import { Flag, JsonObject, OneOf, Text, Texts } from '../validation/fields.js';
import { BRANCH } from '../validation/ids.js';
import { ListQuery } from '../validation/list.dto.js';

const NAME: TextPattern = {
  source: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.source,
  rule: 'be 1 to 100 letters, digits, dots, hyphens or underscores, and begin with a letter or digit',
};
const TEAM_KEY: TextPattern = {
  source: /^[A-Za-z0-9]{1,32}$/.source,
  rule: "be what stands before the number in the team's issues, such as ENG",
};
const IDENTITY: TextPattern = {
  source: /^[^<>\p{Cc}]{1,100} <[^<>\s\p{Cc}]{1,100}>$/u.source,
  rule: 'be as git writes an author: Name <mail>',
};

export class CreateProjectDto {
  @Text({
    max: 1000,
    description: 'An https:// URL, or an absolute path on the host (admin keys only).',
    example: '/srv/repositories/shop',
  })
  readonly source!: string;

  @Text({ max: 100, pattern: NAME, optional: true, description: 'Unique; from the source when absent.' })
  readonly name?: string;

  @OneOf(['local', 'github'], {
    optional: true,
    description:
      'Where branches and pull requests live. When absent: github for a repository of the configured GitHub.',
  })
  readonly forge?: 'local' | 'github';

  @Text({ max: 200, pattern: BRANCH, optional: true, description: "The source's default branch when absent." })
  readonly baseBranch?: string;

  @Text({
    max: 32,
    pattern: TEAM_KEY,
    optional: true,
    description: 'Key of a team of Linear: its labelled issues become epics.',
    example: 'ENG',
  })
  readonly linearTeam?: string;

  @JsonObject({ optional: true, description: 'Keys that win over millwright.yml (admin keys only).' })
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export class PatchProjectDto {
  @JsonObject({ optional: true, description: 'Merged into the overrides, as JSON Merge Patch: null removes a key.' })
  readonly overrides?: Readonly<Record<string, unknown>>;

  @Flag({ optional: true, description: 'true: the proposed checks become required checks.' })
  readonly acceptChecks?: boolean;

  @Texts({ maxItems: 50, max: 100, optional: true, description: 'Accept only the proposals of these names.' })
  readonly accept?: readonly string[];

  @Text({ max: 210, pattern: IDENTITY, optional: true, description: 'Author of commits: `Name <mail>`.' })
  readonly commitIdentity?: string;

  @Text({
    max: 32,
    pattern: TEAM_KEY,
    optional: true,
    description: 'Key of a team of Linear; `none` unlinks the project.',
  })
  readonly linearTeam?: string;

  @Text({
    max: 200,
    pattern: BRANCH,
    optional: true,
    description: 'What takes the place of the base at a forge that others use too; open work goes on with it.',
  })
  readonly baseBranch?: string;
}

export class ListProjectsQuery extends ListQuery {
  @OneOf(['importing', 'ready', 'refused', 'red'], { optional: true })
  readonly state?: string;
}
