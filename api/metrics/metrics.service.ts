import { Injectable } from '@nestjs/common';
import { Failure } from '../../domain/failures.js';
import { GITHUB_RATES } from '../../domain/forge/rate.js';
import { rateView } from '../../domain/forge/rate-view.js';
import type { Caller } from '../auth/caller.js';
import { exposition, type Figures } from './exposition.js';
import { MetricsRepository } from './metrics.repository.js';
import { type MetricsResponse, toMetricsResponse } from './metrics.response.js';

/** Everything is read from the database when it is asked for, so that it holds for all workers and survives each. */
@Injectable()
export class MetricsService {
  constructor(private readonly metrics: MetricsRepository) {}

  async show(caller: Caller): Promise<MetricsResponse> {
    return toMetricsResponse(await this.read(caller));
  }

  /** In Prometheus's text format. */
  async expose(caller: Caller): Promise<string> {
    return await exposition(await this.read(caller));
  }

  private async read({ scope }: Caller): Promise<Figures> {
    if (scope !== null)
      throw new Failure('PermissionDenied', 'These figures are of every project; the key is one of certain projects.');
    const [limits, work] = await Promise.all([this.metrics.limits(), this.metrics.work()]);
    return {
      work,
      forge: limits.map((row) => ({ scope: row.scope, ...rateView(row.state, GITHUB_RATES, row.nowMs) })),
    };
  }
}
