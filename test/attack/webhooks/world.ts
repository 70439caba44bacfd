import { TestApi } from '../../support/api/api.js';
import { LINEAR_SECRET } from '../../support/api/linear-sender.js';
import { rowsOf, seedProject } from '../../support/api/seed.js';
import { SECRET } from '../../support/api/webhook-sender.js';

export const MAX_BYTES = 256 * 1024;
export const MAX_MS = 500;
export const REPOSITORY = { id: 1296269, full_name: 'octo-org/hello-world' };
export const INSTALLATION = 957387;
/** Of Linear. */
export const TEAM = '0b5d1a3e-7a43-4c1c-9f63-222222222222';

/** The API with a project of GitHub, whose installation is known, and its team of Linear. */
export class WebhooksWorld {
  private constructor(readonly api: TestApi) {}

  static async open(): Promise<WebhooksWorld> {
    const api = await TestApi.start({
      webhooks: { secrets: () => [SECRET], maxBytes: MAX_BYTES, maxMs: MAX_MS },
      linearWebhooks: { secrets: () => [LINEAR_SECRET], maxBytes: MAX_BYTES, maxMs: MAX_MS },
    });
    const github = { forge: 'github', forge_repository_id: REPOSITORY.id, forge_installation_id: INSTALLATION };
    await seedProject(api.database, { ...github, linear_team_key: 'ENG', linear_team_id: TEAM });
    return new WebhooksWorld(api);
  }

  /** What came through: deliveries that were kept, and signals to the factory. */
  async kept(): Promise<{ readonly deliveries: number; readonly signals: number }> {
    const [row] = await rowsOf<{ deliveries: number; signals: number }>(
      this.api.database,
      'SELECT (SELECT count(*) FROM webhook_delivery) AS deliveries, (SELECT count(*) FROM outbox) AS signals',
    );
    return row ?? { deliveries: Number.NaN, signals: Number.NaN };
  }

  async forget(): Promise<void> {
    await rowsOf(this.api.database, 'TRUNCATE webhook_delivery, outbox');
  }

  close(): Promise<void> {
    return this.api.stop();
  }
}
