-- A repository of GitHub is known by its number, which stays when it is renamed.
ALTER TABLE project
  ADD COLUMN forge_repository_id   bigint,
  ADD COLUMN forge_installation_id bigint,
  ADD COLUMN forge_name            text;               -- owner/name, as it was seen last
CREATE INDEX project_by_forge_repository ON project (forge_repository_id) WHERE archived_at IS NULL;
CREATE INDEX project_by_forge_installation ON project (forge_installation_id) WHERE archived_at IS NULL;
CREATE INDEX project_by_forge_name ON project (lower(forge_name)) WHERE archived_at IS NULL;

-- Webhooks that were taken: what they hint at, never their bodies. A repeated delivery keeps its id.
CREATE TABLE webhook_delivery (
  delivery_id text PRIMARY KEY,
  event       text NOT NULL,
  action      text,
  hint        jsonb,                                   -- null: the event says nothing to us
  project_id  uuid,                                    -- null: it is about no project of ours
  received_at timestamptz NOT NULL DEFAULT now(),
  handled_at  timestamptz,                             -- set at once where nothing is to be done
  attempts    integer NOT NULL DEFAULT 0,
  outcome     text                                     -- ignored, noted, unknown; else of who handled it
);
CREATE INDEX webhook_delivery_open ON webhook_delivery (project_id, received_at) WHERE handled_at IS NULL;
-- For the sweep alone: next to nothing for each row.
CREATE INDEX webhook_delivery_received ON webhook_delivery USING brin (received_at);

-- One signal that waits stands for every hint of its project.
CREATE INDEX outbox_gathering ON outbox (workflow_id, name, (args -> 0 ->> 'projectId'))
  WHERE sent_at IS NULL AND attempts = 0 AND name = 'forgeHinted';

-- By row: a statement that may insert nothing wakes nobody when it does not.
DROP TRIGGER outbox_inserted ON outbox;
CREATE TRIGGER outbox_inserted AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION notify_outbox();
