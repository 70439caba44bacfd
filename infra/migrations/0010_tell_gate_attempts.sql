-- Another attempt of a gate that has ended is another report: what was annotated before stays with the one before.
ALTER TABLE forge_shown
  ADD COLUMN attempt text;                              -- the verification or entry that was shown; null: none, or unknown
