-- What a forge was told last of each gate, so that only differences are written.
CREATE TABLE forge_shown (
  project_id uuid NOT NULL REFERENCES project (id),
  subject    text NOT NULL,                            -- gate, commit, task or entry
  digest     text NOT NULL,                            -- of what was shown
  shown_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, subject)
);
