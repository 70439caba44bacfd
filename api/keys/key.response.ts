import { ApiProperty } from '@nestjs/swagger';
import { KEY_ROLES, type Scope } from '../auth/caller.js';
import type { KeyRow } from './key.repository.js';

export class KeyResponse {
  @ApiProperty({ type: String, format: 'uuid' }) readonly id!: string;
  @ApiProperty({ type: String }) readonly name!: string;
  @ApiProperty({ type: String, enum: [...KEY_ROLES] }) readonly role!: string;
  @ApiProperty({ type: [String], nullable: true, description: 'Null: all projects.' }) readonly projects!: Scope;
  @ApiProperty({ type: String, enum: ['valid', 'expired', 'revoked'] }) readonly state!: string;
  @ApiProperty({ type: String, format: 'date-time' }) readonly createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly expiresAt!: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) readonly revokedAt!: string | null;
}

export class CreatedKeyResponse extends KeyResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The key itself, in this answer only: it is stored nowhere. Null in a repeated answer.',
  })
  readonly key!: string | null;
}

export class KeyPage {
  @ApiProperty({ type: [KeyResponse] }) readonly items!: readonly KeyResponse[];
  @ApiProperty({ type: String, nullable: true }) readonly nextCursor!: string | null;
}

export const toKeyResponse = (row: KeyRow, nowMs: number): KeyResponse => ({
  id: row.id,
  name: row.name,
  role: row.role,
  projects: row.projects,
  state: stateOf(row, nowMs),
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  revokedAt: row.revokedAt?.toISOString() ?? null,
});

const stateOf = ({ revokedAt, expiresAt }: KeyRow, nowMs: number): string => {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt.getTime() <= nowMs ? 'expired' : 'valid';
};
