-- Gates that were shown as waiting or running: they are shown otherwise once nobody looks at their commit any more.
ALTER TABLE forge_shown ADD COLUMN is_open boolean NOT NULL DEFAULT false;

-- How the verifications of a task ended, each with the head that it was about.
CREATE INDEX event_task_checks ON event (task_id, position) WHERE type = 'task.checks';
