-- Issues that became epics: one epic for each, for ever.
CREATE TABLE epic_issue (
  project_id    uuid NOT NULL REFERENCES project (id),
  number        integer NOT NULL,
  epic_id       uuid NOT NULL UNIQUE REFERENCES epic (id),
  url           text NOT NULL,
  author        text NOT NULL,
  asked_by      text NOT NULL,
  seen_hash     text NOT NULL,                        -- of title and body, as they were read last
  seen_at       timestamptz NOT NULL,                 -- by the tracker's clock: they have read so since then at least
  approved_hash text,                                 -- of the text that the epic works from; another one seen voids it
  approved_by   text,
  held_hash     text,                                 -- the unapproved text for which the epic was held
  ended_at      timestamptz,                          -- its end was said, and the issue closed where it is done
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, number)
);
CREATE INDEX epic_issue_open ON epic_issue (project_id) WHERE ended_at IS NULL;

-- Comments with a command. Each is acted upon once, whatever is done to it afterwards.
CREATE TABLE forge_command (
  project_id   uuid NOT NULL REFERENCES project (id),
  comment_id   bigint NOT NULL,
  number       integer NOT NULL,                      -- of the issue or pull request below which it stands
  author       text NOT NULL,
  said         text NOT NULL,                         -- the verb
  commented_at timestamptz NOT NULL,                  -- by the tracker's clock
  outcome      text CHECK (outcome IN ('done', 'refused', 'unknown', 'outsider')), -- null: begun
  answer       text,
  mail_id      uuid,                                  -- what `ask` sent
  reported_at  timestamptz,                           -- reaction and answer are shown
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, comment_id)
);
CREATE INDEX forge_command_by_number ON forge_command (project_id, number, commented_at);
CREATE INDEX forge_command_unreported ON forge_command (project_id) WHERE reported_at IS NULL;

-- Comments of ours, edited in place.
CREATE TABLE forge_own_comment (
  project_id uuid NOT NULL REFERENCES project (id),
  number     integer NOT NULL,
  marker     text NOT NULL,
  comment_id bigint,
  text_hash  text,                                    -- of what it says
  claimed_at timestamptz,                             -- somebody writes it
  lost_at    timestamptz,                             -- its creation was not answered
  written_at timestamptz,
  PRIMARY KEY (project_id, number, marker)
);

-- How far a forge was read without deliveries; by the forge's clock.
CREATE TABLE forge_cursor (
  project_id     uuid PRIMARY KEY REFERENCES project (id),
  issues_since   timestamptz NOT NULL,
  comments_since timestamptz NOT NULL
);
