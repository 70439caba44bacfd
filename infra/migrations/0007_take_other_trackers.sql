-- Issues are known by their tracker's key, a text: GitHub's number or Linear's UUID, which never look alike.
ALTER TABLE epic_issue RENAME COLUMN number TO issue_key;
ALTER TABLE epic_issue
  ALTER COLUMN issue_key TYPE text USING issue_key::text,
  ADD COLUMN tracker  text NOT NULL DEFAULT 'github' CHECK (tracker IN ('github', 'linear')),
  ADD COLUMN name     text NOT NULL DEFAULT '',         -- what people call it
  ADD COLUMN begun_at timestamptz;                      -- the issue shows that it is worked on
UPDATE epic_issue SET name = '#' || issue_key;

ALTER TABLE forge_command RENAME COLUMN number TO page_key;
ALTER TABLE forge_command
  ALTER COLUMN page_key TYPE text USING page_key::text,
  ALTER COLUMN comment_id TYPE text USING comment_id::text,
  ADD COLUMN tracker text NOT NULL DEFAULT 'github' CHECK (tracker IN ('github', 'linear'));

ALTER TABLE forge_own_comment RENAME COLUMN number TO page_key;
ALTER TABLE forge_own_comment
  ALTER COLUMN page_key TYPE text USING page_key::text,
  ALTER COLUMN comment_id TYPE text USING comment_id::text;

ALTER TABLE forge_cursor
  ADD COLUMN tracker text NOT NULL DEFAULT 'github' CHECK (tracker IN ('github', 'linear')),
  DROP CONSTRAINT forge_cursor_pkey,
  ADD PRIMARY KEY (project_id, tracker);

-- A team of Linear whose labelled issues become epics of the project, wherever its forge is.
ALTER TABLE project
  ADD COLUMN linear_team_key text,                      -- as somebody named it: ENG
  ADD COLUMN linear_team_id  uuid,                      -- stays when the team is renamed; null until it was found
  ADD COLUMN linear_since    timestamptz,               -- what was labelled before was not meant for us
  ADD COLUMN linear_problem  text;                      -- why the team cannot be read
CREATE UNIQUE INDEX project_by_linear_team_key ON project (upper(linear_team_key)) WHERE archived_at IS NULL;
CREATE INDEX project_by_linear_team ON project (linear_team_id) WHERE archived_at IS NULL;
