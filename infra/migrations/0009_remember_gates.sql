-- A list of a forge shows a new report a moment late: what we made is known by its number, and what was not answered waits.
ALTER TABLE forge_shown
  ADD COLUMN shown_as text,                             -- its number at the forge, where it is edited
  ADD COLUMN lost_at  timestamptz;                      -- its creation was not answered
