-- Two projects that take the issues of one team would make two epics of each: also where one of them was linked by the
-- key that the team has now, and the other by the one that it had before.
UPDATE project p SET linear_team_id = NULL
  WHERE archived_at IS NULL AND EXISTS (
    SELECT 1 FROM project q
    WHERE q.linear_team_id = p.linear_team_id AND q.archived_at IS NULL AND q.id < p.id);
DROP INDEX project_by_linear_team;
CREATE UNIQUE INDEX project_by_linear_team ON project (linear_team_id) WHERE archived_at IS NULL;
