import { ApiProperty } from '@nestjs/swagger';
import { caveatsOf } from '../../domain/project-config/caveats.js';
import { awaitedContextWords, baseGoneWords } from '../../domain/waiting-words.js';
import type { ProjectRow } from './project.repository.js';

export class ProjectLinks {
  @ApiProperty({ type: String }) readonly self!: string;
  @ApiProperty({ type: String }) readonly epics!: string;
}

export class LinearLinkResponse {
  @ApiProperty({ type: String, description: 'Key of the team whose labelled issues become epics.' })
  readonly team!: string;
  @ApiProperty({ type: Boolean, description: 'Whether Linear has shown us the team since it was linked.' })
  readonly isFound!: boolean;
  @ApiProperty({ type: String, nullable: true, description: 'Why the team could not be read at the last look.' })
  readonly problem!: string | null;
}

export class ProjectResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String }) readonly name!: string;
  @ApiProperty({ type: String, enum: ['local', 'github'] }) readonly forge!: string;
  @ApiProperty({ type: String }) readonly source!: string;
  @ApiProperty({ type: String, nullable: true, description: 'As Millwright calls it; see forgeBaseBranch.' })
  readonly baseBranch!: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the forge calls the base, where it was renamed there.',
  })
  readonly forgeBaseBranch!: string | null;
  @ApiProperty({ type: String, enum: ['importing', 'ready', 'refused', 'red'] }) readonly state!: string;
  @ApiProperty({ type: String, nullable: true }) readonly reason!: string | null;
  @ApiProperty({ type: [String], description: 'What its base and the checks of its tip wait for, in words.' })
  readonly waitingFor!: readonly string[];
  @ApiProperty({ type: Object, description: 'Keys an admin set over millwright.yml.' })
  readonly overrides!: object;
  @ApiProperty({ type: Object, description: 'What applies: overrides over the millwright.yml of the tip.' })
  readonly config!: object;
  @ApiProperty({ type: [Object], description: 'Checks found in the repository: name, run, …, and `from` which file.' })
  readonly proposals!: readonly object[];
  @ApiProperty({ type: [Object], description: 'Preparation of a tree that comes with the proposed checks.' })
  readonly proposedSetup!: readonly object[];
  @ApiProperty({ type: String, enum: ['bubblewrap', 'none'], description: 'none: commands run unprotected.' })
  readonly sandbox!: string;
  @ApiProperty({ type: String, nullable: true }) readonly tipSha!: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Fetches the result into a clone of the source.' })
  readonly pullCommand!: string | null;
  @ApiProperty({ type: [String], description: 'What an admin switched off for the project, in sentences.' })
  readonly caveats!: readonly string[];
  @ApiProperty({ type: LinearLinkResponse, nullable: true }) readonly linear!: LinearLinkResponse | null;
  @ApiProperty({ type: String }) readonly commitIdentity!: string;
  @ApiProperty({ type: String }) readonly createdBy!: string;
  @ApiProperty({ type: Number }) readonly version!: number;
  @ApiProperty({ type: Number }) readonly revision!: number;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly updatedAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly archivedAt!: string | null;
  @ApiProperty({ type: ProjectLinks }) readonly links!: ProjectLinks;
}

export class ProjectPage {
  @ApiProperty({ type: [ProjectResponse] }) readonly items!: readonly ProjectResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

/** @param forgeRepository where git fetches the result: the local forge's path, or an address */
export const toProjectResponse = (row: ProjectRow, forgeRepository: string): ProjectResponse => ({
  id: row.id,
  name: row.name,
  forge: row.forge,
  source: row.source,
  baseBranch: row.baseBranch,
  forgeBaseBranch: row.forgeBaseBranch,
  state: row.state,
  reason: row.reason,
  waitingFor: [
    ...(row.baseGoneSince === null ? [] : [baseGoneWords(row.baseGoneSince.getTime())]),
    ...row.awaited.map(awaitedContextWords),
  ],
  overrides: row.overrides,
  config: row.config,
  proposals: row.proposals.flatMap(({ checks, from }) => checks.map((check) => ({ ...check, from }))),
  proposedSetup: row.proposals.flatMap(({ setup, from }) => (setup === undefined ? [] : [{ ...setup, from }])),
  sandbox: row.overrides.sandbox === 'none' ? 'none' : 'bubblewrap',
  caveats: caveatsOf(row.overrides),
  tipSha: row.tipSha,
  pullCommand:
    row.baseBranch === null
      ? null
      : `git pull ${shellWord(forgeRepository)} ${shellWord(row.forgeBaseBranch ?? row.baseBranch)}`,
  linear: linkOf(row),
  commitIdentity: row.commitIdentity,
  createdBy: row.createdBy,
  version: row.version,
  revision: row.revision,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  archivedAt: row.archivedAt?.toISOString() ?? null,
  links: { self: `/api/v1/projects/${row.id}`, epics: `/api/v1/epics?projectId=${row.id}` },
});

const linkOf = ({ linearTeam: team, isLinearTeamFound: isFound, linearProblem: problem }: ProjectRow) =>
  team === null ? null : { team, isFound, problem };

const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
