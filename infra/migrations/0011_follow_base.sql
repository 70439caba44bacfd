-- The base may be renamed, deleted or rewritten at a forge that others use, and its CI may begin and never end.
ALTER TABLE project
  ADD COLUMN forge_base_branch text,                    -- what the forge calls base_branch, where that is another name
  ADD COLUMN is_base_default   boolean NOT NULL DEFAULT false, -- it was the default branch when it was imported last
  ADD COLUMN base_gone_since   timestamptz;             -- null: it is there

ALTER TABLE pull_request
  ADD COLUMN awaits_base boolean NOT NULL DEFAULT false; -- was open when its base went: to be opened again

ALTER TABLE forge_check
  ADD COLUMN context     text,                          -- what the forge calls it; null: asked by an earlier version
  ADD COLUMN gives_up_at timestamptz,                   -- when it is waited for no longer
  ADD COLUMN last_mark   text;                          -- of a timeout: what had begun and did not end
