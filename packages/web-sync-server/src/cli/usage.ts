/** What `web-sync-server --help` prints. */
export const USAGE: string = `web-sync-server: the partner of web-sync

  web-sync-server serve   --partner FILE --data DB [--port 8787] [--host 127.0.0.1] [--path /sync] [more, below]
  web-sync-server import  --partner FILE --data DB --space S --collection C [--batch 2000] RECORDS.ndjson|-
  web-sync-server backup  --data DB --to FILE [--confirm]
  web-sync-server backup  --postgres OWNER_URL --confirm -- COMMAND …
  web-sync-server restore --data DB --from FILE --yes
  web-sync-server erase   --data DB (--account A | --space S) --yes
  web-sync-server migrate --postgres URL [--role ROLE]
  web-sync-server move    --data DB (--postgres URL | --undo) --yes

  --partner FILE   a TypeScript or JavaScript module that exports 'schema', 'authenticate', 'authorize' and, if wanted, 'allow'
  --data DB        the database file; it is made if it is not there
  --postgres URL   postgres://role@host:5432/database in place of --data, for serve, import and erase; needs the package pg. A password
                   is better left to PGPASSWORD or ~/.pgpass: others can read the command line
  --role ROLE      the role that serve runs as, made before (CREATE ROLE … LOGIN): it is given rows and no tables to change
  --confirm        the backup is safe elsewhere: devices may drop what they keep for replay
  --yes            do it: what is there now is gone

serve:
  --log json       one JSON line for each event on standard output. Default: text, errors only. Neither has anything that users chose;
                   --log-messages adds the messages of errors, which may name it
  --metrics-port N, --metrics-host H  Prometheus metrics at /metrics on a port of their own. Default: none; host 127.0.0.1
  --health-path P, --ready-path P     where it says that it lives, and that exchanges may come. Default: /health and /ready
  --drain-seconds N  after the first signal: not ready, but everything is answered. Default: 0; a second signal ends it
  --stop-seconds N   then: for requests under way, until they are cut. Default: 5
  --listen URL     PostgreSQL: where commits of other processes are heard, if --postgres goes through pgbouncer
  --standby NAME   PostgreSQL: a node that may be promoted, as often as there are some: what all of them have is durable
  --needs-backup   with --standby: durable is only what a confirmed backup holds, too

backup on PostgreSQL runs the command, and when it has worked counts as durable what was there before it.
import reads one JSON record for each line; a record that is there already and equal is left alone.
migrate makes the tables, or brings them up to date, as the role that owns them; serve never does, and refuses to run as that role.
move carries all that DB holds into an empty PostgreSQL database, also while the server runs: from then on DB takes no writes, devices are
told to come again, and go on where they were once serve runs on PostgreSQL. Stopped, or failed, nothing was moved and DB is as it was;
--undo lets it take writes again later.
restore puts the backup in place of the database (stop the server first); devices roll back to it and send again what it lacks.
`
