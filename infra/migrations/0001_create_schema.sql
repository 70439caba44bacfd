-- Content and projection of lifecycle. Ids are UUIDv7 unless a comment says otherwise; times are UTC.
-- version counts content edits (API), revision counts transitions (workflow); ETag = <version>.<revision>.

CREATE TABLE blob (
  ref        text PRIMARY KEY CHECK (ref LIKE 'sha256:%'),
  body       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE project (
  id              uuid PRIMARY KEY,
  name            text NOT NULL,
  forge           text NOT NULL CHECK (forge IN ('local', 'github')),
  source          text NOT NULL,                     -- as given: a path or a URL without user info
  remote          text NOT NULL,                     -- normalised; unique with forge among live projects
  base_branch     text,                              -- null until the import has seen the source's default
  state           text NOT NULL CHECK (state IN ('importing', 'ready', 'refused', 'red')),
  reason          text,
  overrides       jsonb NOT NULL DEFAULT '{}',
  config          jsonb NOT NULL DEFAULT '{}',        -- effective configuration at tip_sha, overrides applied
  proposals       jsonb NOT NULL DEFAULT '[]',
  tip_sha         text,
  commit_identity text NOT NULL DEFAULT 'Millwright <millwright@localhost>',
  created_by      text NOT NULL,
  version         integer NOT NULL DEFAULT 1,
  revision        integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  archived_at     timestamptz
);
CREATE UNIQUE INDEX project_name_live ON project (name) WHERE archived_at IS NULL;
CREATE UNIQUE INDEX project_remote_live ON project (forge, remote) WHERE archived_at IS NULL;

CREATE TABLE agent (
  id              uuid PRIMARY KEY,
  name            text NOT NULL UNIQUE,
  role            text NOT NULL CHECK (role IN ('orchestrator', 'supervisor', 'worker', 'reviewer', 'droid')),
  backend         text NOT NULL,
  model           text,
  capacity        integer NOT NULL DEFAULT 5,
  state           text NOT NULL DEFAULT 'IDLE' CHECK (state IN ('IDLE', 'BUSY', 'WAITING', 'FAILED')),
  permission_mode text NOT NULL CHECK (permission_mode IN ('strict', 'relaxed', 'yolo')),
  temperature     double precision,
  max_tokens      integer,
  settings        jsonb NOT NULL DEFAULT '{}',        -- argv, readOnly, network, timeout of a command agent
  origin          text NOT NULL CHECK (origin IN ('default', 'host')),
  last_active_at  timestamptz,
  cleared_at      timestamptz,                       -- crashes before it are forgotten
  version         integer NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE epic (
  id             uuid PRIMARY KEY,
  project_id     uuid NOT NULL REFERENCES project (id),
  title          text NOT NULL,
  description    text NOT NULL DEFAULT '',
  design         text,
  state          text NOT NULL DEFAULT 'PLANNING' CHECK (state IN ('PLANNING', 'IN_PROGRESS', 'BLOCKED', 'COMPLETED', 'CANCELLED')),
  phase          text NOT NULL DEFAULT 'planning' CHECK (phase IN ('planning', 'awaiting_approval', 'executing', 'integrating', 'awaiting_merge')),
  paused_by      text[] NOT NULL DEFAULT '{}',
  blocked_reason text,
  waiting_for    text,                                -- plain words: what it waits for and for whom
  priority       smallint NOT NULL DEFAULT 3 CHECK (priority BETWEEN 1 AND 5),
  budget_micro_usd bigint NOT NULL DEFAULT 50000000,
  approval       text NOT NULL CHECK (approval IN ('none', 'plan', 'all')),
  merge_target   text NOT NULL CHECK (merge_target IN ('epic', 'base')),
  land           text NOT NULL CHECK (land IN ('person', 'auto')),
  overlap        text NOT NULL CHECK (overlap IN ('serialise', 'allow')),
  planner        text NOT NULL CHECK (planner IN ('model', 'given')),
  max_parallel_tasks integer NOT NULL DEFAULT 10 CHECK (max_parallel_tasks BETWEEN 1 AND 100),
  branch         text NOT NULL,
  plan_version   integer,
  pr_number      integer,
  pr_url         text,
  created_by     text NOT NULL,
  version        integer NOT NULL DEFAULT 1,
  revision       integer NOT NULL DEFAULT 0,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  completed_at   timestamptz
);
CREATE INDEX epic_by_project ON epic (project_id, id);
CREATE INDEX epic_open ON epic (id) WHERE state NOT IN ('COMPLETED', 'CANCELLED');

CREATE TABLE plan (
  epic_id    uuid NOT NULL REFERENCES epic (id),
  version    integer NOT NULL,
  document   jsonb NOT NULL,
  hash       text NOT NULL,
  origin     text NOT NULL CHECK (origin IN ('model', 'given', 'edited')),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (epic_id, version)
);

CREATE TABLE task (
  id              uuid PRIMARY KEY,                   -- planned: UUIDv5(epic id, key)
  epic_id         uuid REFERENCES epic (id),
  project_id      uuid NOT NULL REFERENCES project (id),
  parent_task_id  uuid REFERENCES task (id),
  plan_key        text,
  title           text NOT NULL,
  description     text NOT NULL DEFAULT '',
  kind            text NOT NULL DEFAULT 'execution',
  state           text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'BLOCKED', 'COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')),
  priority        smallint NOT NULL DEFAULT 3 CHECK (priority BETWEEN 1 AND 5),
  capabilities    text[] NOT NULL DEFAULT '{}',
  technologies    text[] NOT NULL DEFAULT '{}',
  predicted_files text[] NOT NULL DEFAULT '{}',
  acceptance      text[] NOT NULL DEFAULT '{}',
  estimate        jsonb,
  complexity      text,
  agent_name      text,                               -- asked for by the person; null = the project's worker
  assigned_agent_id uuid REFERENCES agent (id),
  attempts        integer NOT NULL DEFAULT 1,
  branch          text NOT NULL,
  target_branch   text,
  base_sha        text,
  head_sha        text,
  pr_number       integer,
  pr_url          text,
  paused_by       text[] NOT NULL DEFAULT '{}',
  failure_reason  text,
  blocked_reason  text,
  waiting_for     text,
  summary         text,
  position        integer NOT NULL DEFAULT 0,         -- order within its plan
  created_by      text NOT NULL,
  version         integer NOT NULL DEFAULT 1,
  revision        integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  assigned_at     timestamptz,
  started_at      timestamptz,
  completed_at    timestamptz
);
CREATE UNIQUE INDEX task_by_key ON task (epic_id, plan_key) WHERE plan_key IS NOT NULL;
CREATE INDEX task_by_epic ON task (epic_id, id);
CREATE INDEX task_by_project ON task (project_id, id);

CREATE TABLE dependency (
  task_id            uuid NOT NULL REFERENCES task (id),
  depends_on_task_id uuid NOT NULL REFERENCES task (id),
  type               text NOT NULL DEFAULT 'finish_to_start' CHECK (type IN ('finish_to_start', 'start_to_start')),
  required           boolean NOT NULL DEFAULT true,
  PRIMARY KEY (task_id, depends_on_task_id),
  CHECK (task_id <> depends_on_task_id)
);

CREATE TABLE run (
  id                 uuid PRIMARY KEY,
  agent_id           uuid NOT NULL REFERENCES agent (id),
  project_id         uuid NOT NULL REFERENCES project (id),
  task_id            uuid REFERENCES task (id),
  epic_id            uuid REFERENCES epic (id),
  parent_run_id      uuid REFERENCES run (id),
  kind               text NOT NULL CHECK (kind IN ('planning', 'supervision', 'execution', 'debug', 'integration')),
  state              text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'queued', 'running', 'waiting', 'paused', 'completed', 'partially_completed', 'failed', 'timeout', 'stopped', 'degraded', 'cancelled', 'orphaned')),
  paused_by          text[] NOT NULL DEFAULT '{}',
  attempt            integer NOT NULL DEFAULT 1,
  round              integer NOT NULL DEFAULT 1,
  prompt_ref         text,
  model              text,
  host_queue         text,
  tree_id            text,
  turns              integer NOT NULL DEFAULT 0,
  input_tokens       bigint NOT NULL DEFAULT 0,
  cached_tokens      bigint NOT NULL DEFAULT 0,
  output_tokens      bigint NOT NULL DEFAULT 0,
  cost_micro_usd     bigint NOT NULL DEFAULT 0,
  outcome            text,
  error              text,
  summary            text,
  revision           integer NOT NULL DEFAULT 0,
  created_at         timestamptz NOT NULL DEFAULT now(),
  started_at         timestamptz,
  ended_at           timestamptz,
  deadline           timestamptz,
  crashed_at         timestamptz                         -- the agent itself ended badly
);
CREATE INDEX run_crashed ON run (agent_id, crashed_at) WHERE crashed_at IS NOT NULL;
CREATE INDEX run_live ON run (id) WHERE state NOT IN ('completed', 'failed', 'timeout', 'stopped', 'orphaned', 'cancelled');
CREATE INDEX run_by_task ON run (task_id, id);
CREATE INDEX run_by_epic ON run (epic_id, id);

CREATE TABLE turn (
  run_id         uuid NOT NULL REFERENCES run (id),
  seq            integer NOT NULL,
  request_ref    text,
  response_ref   text,
  results_ref    text,                                -- user message that answers this turn's tool calls
  stop_reason    text,
  usage          jsonb NOT NULL DEFAULT '{}',
  tool_calls     jsonb NOT NULL DEFAULT '[]',
  checkpoint_ref text,
  created_at     timestamptz NOT NULL DEFAULT now(),
  sealed_at      timestamptz,
  PRIMARY KEY (run_id, seq)
);

CREATE TABLE claim (
  run_id     uuid NOT NULL REFERENCES run (id),
  turn       integer NOT NULL,
  call_id    text NOT NULL,                           -- tool use id, or 'model' for the turn's model call
  tool       text NOT NULL,
  input_ref  text,
  fence      text NOT NULL,
  state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'error', 'unknown')),
  result_ref text,
  error_code text,
  started_at timestamptz NOT NULL DEFAULT now(),
  ended_at   timestamptz,
  PRIMARY KEY (run_id, turn, call_id)
);

CREATE TABLE usage_ledger (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id          uuid NOT NULL REFERENCES run (id),
  turn            integer NOT NULL,
  attempt         integer NOT NULL,
  task_id         uuid,
  epic_id         uuid,
  project_id      uuid NOT NULL,
  model           text NOT NULL,
  state           text NOT NULL CHECK (state IN ('reserved', 'settled', 'lost')),
  input_tokens    bigint NOT NULL DEFAULT 0,
  cache_write_tokens bigint NOT NULL DEFAULT 0,
  cached_tokens   bigint NOT NULL DEFAULT 0,
  output_tokens   bigint NOT NULL DEFAULT 0,
  cost_micro_usd  bigint NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT now(),
  settled_at      timestamptz,
  UNIQUE (run_id, turn, attempt)
);
CREATE INDEX usage_by_epic ON usage_ledger (epic_id);
CREATE INDEX usage_by_task ON usage_ledger (task_id);

-- What a person holds as a whole; a new factory starts from it when the engine has lost its store.
CREATE TABLE factory_hold (
  id         boolean PRIMARY KEY DEFAULT true CHECK (id),   -- one row
  is_paused  boolean NOT NULL,
  by         text NOT NULL,
  reason     text NOT NULL DEFAULT '',
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Where the engine's store stood last: one that stands before it is a copy of an earlier moment.
CREATE TABLE engine_mark (
  id          boolean PRIMARY KEY DEFAULT true CHECK (id),   -- one row
  workflow_id text NOT NULL,
  events      integer NOT NULL                                -- in its history
);

CREATE TABLE host (
  id         text PRIMARY KEY,
  queue      text NOT NULL UNIQUE,
  seen_at    timestamptz NOT NULL DEFAULT now(),
  slots      integer NOT NULL,
  free_bytes bigint
);

CREATE TABLE tree (
  id         text PRIMARY KEY,
  host_id    text NOT NULL REFERENCES host (id),
  project_id uuid NOT NULL REFERENCES project (id),
  task_id    uuid,
  base_sha   text,
  state      text NOT NULL CHECK (state IN ('making', 'ready', 'taken', 'resetting', 'broken')),
  layer_key  text,
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tree_by_project ON tree (host_id, project_id, state);

CREATE TABLE setup_layer (
  host_id    text NOT NULL REFERENCES host (id),
  project_id uuid NOT NULL REFERENCES project (id),
  key        text NOT NULL,
  state      text NOT NULL CHECK (state IN ('making', 'ready', 'failed')),
  log_ref    text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (host_id, project_id, key)
);

CREATE TABLE pull_request (
  project_id   uuid NOT NULL REFERENCES project (id),
  number       integer NOT NULL,
  task_id      uuid REFERENCES task (id),
  epic_id      uuid REFERENCES epic (id),
  title        text NOT NULL,
  body         text NOT NULL,
  author       text NOT NULL,
  draft        boolean NOT NULL DEFAULT false,
  labels       text[] NOT NULL DEFAULT '{}',
  url          text,
  head_ref     text NOT NULL,
  head_sha     text NOT NULL,
  base_ref     text NOT NULL,
  base_sha     text NOT NULL,
  state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'merged', 'closed')),
  review_state text NOT NULL DEFAULT 'none',
  merge_commit_sha text,
  marker       text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(),
  closed_at    timestamptz,
  PRIMARY KEY (project_id, number)
);
CREATE UNIQUE INDEX pull_request_open ON pull_request (project_id, head_ref, base_ref) WHERE state = 'open';

CREATE TABLE queue_entry (
  id          uuid PRIMARY KEY,
  project_id  uuid NOT NULL REFERENCES project (id),
  branch      text NOT NULL,
  pr_number   integer NOT NULL,
  task_id     uuid,
  epic_id     uuid,
  owner       text NOT NULL,
  title       text NOT NULL,
  head_ref    text NOT NULL,
  head_sha    text NOT NULL,
  patch_id    text,
  seq         integer NOT NULL,
  priority    smallint NOT NULL DEFAULT 1,
  fixes_base  boolean NOT NULL DEFAULT false,
  state       text NOT NULL CHECK (state IN ('queued', 'active', 'rebasing', 'landed', 'ejected', 'withdrawn')),
  reason      text,
  detail      jsonb NOT NULL DEFAULT '{}',
  landing     jsonb,                                  -- {base, commit, tree} recorded before the push
  landed_sha  text,
  enqueued_by text NOT NULL,
  version     bigint NOT NULL DEFAULT 0,             -- generation of the queue's state that the row shows
  enqueued_at timestamptz NOT NULL DEFAULT now(),
  decided_at  timestamptz
);
CREATE INDEX queue_entry_live ON queue_entry (project_id, branch, seq) WHERE state IN ('queued', 'active', 'rebasing');

-- One row per queue that ever ran: how its lane stands.
CREATE TABLE queue_lane (
  project_id uuid NOT NULL REFERENCES project (id),
  branch     text NOT NULL,
  mode       text NOT NULL CHECK (mode IN ('open', 'draining', 'paused', 'red')),
  paused_by  text[] NOT NULL DEFAULT '{}',
  draining   boolean NOT NULL DEFAULT false,
  by         text NOT NULL,
  reason     text NOT NULL DEFAULT '',
  tip_sha    text NOT NULL,
  since      timestamptz NOT NULL,
  version    bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, branch)
);

CREATE TABLE queue_build (
  id           text PRIMARY KEY,                      -- path id + attempt
  project_id   uuid NOT NULL REFERENCES project (id),
  branch       text NOT NULL,
  head         integer NOT NULL,
  members      uuid[] NOT NULL,
  "on"         integer[] NOT NULL,
  candidate    jsonb,
  status       text NOT NULL,
  cause        text,
  failed_tests text[] NOT NULL DEFAULT '{}',
  workflow_id  text NOT NULL,
  machine_ms   bigint NOT NULL DEFAULT 0,
  result       jsonb,
  started_at   timestamptz NOT NULL DEFAULT now(),
  ended_at     timestamptz
);
CREATE INDEX queue_build_by_branch ON queue_build (project_id, branch, started_at);

CREATE TABLE evidence (
  id          uuid PRIMARY KEY,
  project_id  uuid NOT NULL REFERENCES project (id),
  key         text NOT NULL,
  check_name  text NOT NULL,
  tree        text NOT NULL,
  outcome     text NOT NULL CHECK (outcome IN ('passed', 'failed')),
  flaky_tests text[] NOT NULL DEFAULT '{}',
  failed_tests text[] NOT NULL DEFAULT '{}',
  log_ref     text,
  build_id    text NOT NULL,
  duration_ms bigint NOT NULL DEFAULT 0,
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  voided_at   timestamptz,
  void_reason text
);
-- The first stored verdict of a key wins; a voided one makes room for the next.
CREATE UNIQUE INDEX evidence_live ON evidence (project_id, key) WHERE voided_at IS NULL;

CREATE TABLE mail (
  id           uuid PRIMARY KEY,
  thread_id    uuid NOT NULL,
  in_reply_to  uuid REFERENCES mail (id),
  from_kind    text NOT NULL CHECK (from_kind IN ('agent', 'task', 'epic', 'human', 'system')),
  from_id      text NOT NULL,
  to_kind      text NOT NULL CHECK (to_kind IN ('agent', 'task', 'epic', 'human')),
  to_id        text NOT NULL,
  subject      text NOT NULL,
  body         text NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('message', 'question', 'approval', 'escalation', 'rebase_request', 'review_feedback', 'notification')),
  needs_answer boolean NOT NULL DEFAULT false,
  due_at       timestamptz,
  read_at      timestamptz,
  answered_at  timestamptz,
  answered_by  uuid,                                  -- the mail that answered
  project_id   uuid NOT NULL REFERENCES project (id),
  epic_id      uuid,
  task_id      uuid,
  run_id       uuid,
  waiter_workflow_id text,
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mail_inbox ON mail (to_kind, to_id, id);
CREATE INDEX mail_thread ON mail (thread_id, id);
CREATE INDEX mail_by_epic ON mail (epic_id, id);

CREATE TABLE decision (
  id         uuid PRIMARY KEY,
  project_id uuid,
  agent_id   uuid,
  run_id     uuid,
  epic_id    uuid,
  task_id    uuid,
  kind       text NOT NULL CHECK (kind IN ('decision', 'transition', 'verdict', 'recovery', 'human')),
  title      text NOT NULL,
  decision   text NOT NULL,
  reasoning  text NOT NULL DEFAULT '',
  context_ref text,
  by         text NOT NULL DEFAULT 'system',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX decision_by_epic ON decision (epic_id, id);
CREATE INDEX decision_by_task ON decision (task_id, id);

-- Tool calls are shown among the decisions without being stored twice.
CREATE VIEW decision_log AS
  SELECT id::text AS id, project_id, agent_id, run_id, epic_id, task_id, kind, title, decision, reasoning, by, created_at
  FROM decision
  UNION ALL
  SELECT c.run_id || '/' || c.turn || '/' || c.call_id, r.project_id, r.agent_id, c.run_id, r.epic_id, r.task_id,
         CASE c.state WHEN 'open' THEN 'tool_use' WHEN 'done' THEN 'tool_result' ELSE 'tool_error' END,
         c.tool, coalesce(c.error_code, c.state), '', a.name, c.started_at
  FROM claim c JOIN run r ON r.id = c.run_id JOIN agent a ON a.id = r.agent_id
  WHERE c.call_id <> 'model';

-- One row per stream holds its last sequence number; its lock orders writers of the stream.
CREATE TABLE stream (
  id  text PRIMARY KEY,
  seq bigint NOT NULL
);

CREATE TABLE event (
  position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
  stream_id  text NOT NULL,
  seq        bigint NOT NULL,
  type       text NOT NULL,
  project_id uuid,
  epic_id    uuid,
  task_id    uuid,
  run_id     uuid,
  data       jsonb NOT NULL DEFAULT '{}',
  at         timestamptz NOT NULL DEFAULT now(),
  UNIQUE (stream_id, seq)
);
CREATE INDEX event_order ON event (xid, position);
CREATE INDEX event_by_epic ON event (epic_id, position);

-- How far each workflow's transitions are stored, so that a repeated write adds nothing.
CREATE TABLE workflow_cursor (
  workflow_id  text NOT NULL,
  first_run_id text NOT NULL,
  last_number  integer NOT NULL,
  PRIMARY KEY (workflow_id, first_run_id)
);

CREATE TABLE outbox (
  id         uuid PRIMARY KEY,
  kind       text NOT NULL CHECK (kind IN ('start', 'signal')),
  workflow_id text NOT NULL,
  name       text NOT NULL,                           -- workflow type or signal name
  args       jsonb NOT NULL DEFAULT '[]',
  options    jsonb NOT NULL DEFAULT '{}',             -- start: memo, search attributes, priority, reuse, summary
  created_at timestamptz NOT NULL DEFAULT now(),
  attempts   integer NOT NULL DEFAULT 0,
  next_at    timestamptz NOT NULL DEFAULT now(),
  last_error text,
  sent_at    timestamptz,
  outcome    text
);
CREATE INDEX outbox_due ON outbox (next_at, id) WHERE sent_at IS NULL;

CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('outbox', '');
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_inserted AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();

CREATE FUNCTION notify_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('event', '');
  RETURN NULL;
END $$;
CREATE TRIGGER event_inserted AFTER INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION notify_event();

CREATE TABLE idempotency_key (
  key_id       uuid NOT NULL,                         -- the API key that sent it
  key          text NOT NULL,
  request_hash text NOT NULL,
  state        text NOT NULL CHECK (state IN ('running', 'done')),
  status       integer,
  response     jsonb,
  locked_until timestamptz NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (key_id, key)
);

CREATE TABLE api_key (
  id         uuid PRIMARY KEY,
  name       text NOT NULL,
  hash       text NOT NULL UNIQUE,
  role       text NOT NULL CHECK (role IN ('viewer', 'member', 'lead', 'admin')),
  projects   uuid[],                                  -- null = all
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz
);

CREATE TABLE audit (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  who         text NOT NULL,
  what        text NOT NULL,
  object      text NOT NULL,
  before_hash text,
  after_hash  text,
  ip          text,
  at          timestamptz NOT NULL DEFAULT now(),
  prev_hash   text NOT NULL,
  hash        text NOT NULL
);
