import { ApiProperty } from '@nestjs/swagger';
import type { FactoryView } from '../../workflows/contract/factory.js';
import type { Caller } from '../auth/caller.js';

export class ControlResponse {
  @ApiProperty({ type: [String], description: 'Not empty: everything is held.' })
  readonly pausedBy!: readonly string[];
  @ApiProperty({ type: Object, description: 'maxEpics, maxWorkers' }) readonly limits!: object;
  @ApiProperty({ type: [Object], description: 'Workflows with or waiting for slots; only for keys of all projects.' })
  readonly holders!: readonly object[];
  @ApiProperty({ type: [String], description: 'Agents that crash again and again.' })
  readonly crashLoops!: readonly string[];
}

export const toControlResponse = (view: FactoryView, { scope }: Caller): ControlResponse => ({
  pausedBy: view.pausedBy,
  limits: view.limits,
  holders: scope === null ? view.holders : [],
  crashLoops: view.crashLoops,
});
