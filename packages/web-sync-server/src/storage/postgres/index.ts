/** The door of the PostgreSQL storage: `web-sync-server/postgres`. Needs the package `pg` beside it. */
export { confirmedBackup, type ConfirmedBackup } from './confirmed-backup.ts'
export { migratePostgres, type MigrateOptions, type MigrateResult } from './migrate.ts'
export { type PostgresOptions, postgresStorage } from './postgres-storage.ts'
export { type MoveOptions, moveIntoPostgres, type MoveProgress, type MoveResult } from './move-in.ts'
