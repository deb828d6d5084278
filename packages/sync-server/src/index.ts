/** The door for programs on Node. */
export * from './common.ts'
export { listen, type ListenOptions, type Listening, nodeHandler, type NodeHandlerOptions } from './node/index.ts'
export {
  drainFile,
  type DrainedFile,
  reopenFile,
  restoreBackup,
  sqliteStorage,
  type SqliteStorage,
} from './storage/sqlite/index.ts'
