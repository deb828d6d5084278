-- The partner's own id: one row, drawn at the first ask. It goes along with dumps and backups, and with what is moved in.
CREATE TABLE web_sync.partner (
  one boolean NOT NULL PRIMARY KEY CHECK (one),
  id text COLLATE "C" NOT NULL
);
