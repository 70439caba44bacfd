import { factoryForgeHintedSignal } from '../../workflows/contract/factory.js';
import { FACTORY_WORKFLOW_ID } from '../../workflows/contract/ids.js';

const SIGNAL = factoryForgeHintedSignal.name;

/**
 * Parts `waiting` and `hinted` of a statement whose part `concerned` holds each `project` once: the factory is told of
 * them, but for those of which a signal waits already. That one is held until the commit, so that it cannot be sent
 * before the deliveries are there.
 */
export const TELL_FACTORY = `waiting AS (
      SELECT args -> 0 ->> 'projectId' AS project FROM outbox
      WHERE workflow_id = '${FACTORY_WORKFLOW_ID}' AND name = '${SIGNAL}' AND sent_at IS NULL AND attempts = 0
        AND args -> 0 ->> 'projectId' IN (SELECT project FROM concerned)
      FOR SHARE),
    hinted AS (
      INSERT INTO outbox (id, kind, workflow_id, name, args, options)
      SELECT gen_random_uuid(), 'signal', '${FACTORY_WORKFLOW_ID}', '${SIGNAL}',
             jsonb_build_array(jsonb_build_object('projectId', project)), '{"gathers": true}'
      FROM concerned WHERE project NOT IN (SELECT project FROM waiting)
      RETURNING 1)`;
