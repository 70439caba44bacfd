-- A host whose disk is nearly full turns work away: people are told once, until it has had room.
ALTER TABLE host ADD COLUMN full_since timestamptz;
