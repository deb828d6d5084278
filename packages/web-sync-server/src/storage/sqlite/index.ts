/** The door of the SQLite storage. */
export { restoreBackup } from './backup.ts'
export { drainFile, type DrainedFile, reopenFile } from './drain.ts'
export { sqliteStorage, type SqliteStorage } from './sqlite-storage.ts'
