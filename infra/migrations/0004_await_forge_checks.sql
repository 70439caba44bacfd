-- What was asked of the forge's CI for one candidate: an attempt after a crash goes on where the dead one stood.
CREATE TABLE forge_check (
  project_id  uuid NOT NULL REFERENCES project (id),
  key         text NOT NULL,                           -- evidence key of (context, App, tree)
  build_id    text NOT NULL,
  purpose     text NOT NULL,
  commit_sha  text NOT NULL,
  ref         text NOT NULL,                           -- the candidate's branch at the forge, shared by a build's checks
  before_mark text,                                    -- what was said of the commit before; null: nothing
  needs_newer boolean NOT NULL,                        -- that word does not count any more
  asked_at    timestamptz NOT NULL DEFAULT now(),
  outcome     text,
  ended_at    timestamptz,
  PRIMARY KEY (project_id, key, build_id, purpose)
);
CREATE INDEX forge_check_by_ref ON forge_check (project_id, ref);
CREATE INDEX forge_check_waiting ON forge_check (project_id, commit_sha) WHERE ended_at IS NULL;
