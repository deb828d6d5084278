/** The door of the SQLite storage. */
export { restoreBackup } from './backup.ts'
export { sqliteStorage, type SqliteStorage } from './sqlite-storage.ts'
