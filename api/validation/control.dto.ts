import { Text } from './fields.js';

/** Body of a control that needs nothing else. */
export class ControlDto {
  @Text({ max: 500, optional: true, description: 'Why; shown in the decision log.' })
  readonly reason?: string;
}
