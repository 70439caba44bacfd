-- What a forge lets one installation ask, counted for all workers together.
CREATE TABLE forge_limit (
  scope      text PRIMARY KEY,                        -- installation/<id>, app/<id> or token/<hash>
  state      jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
