/** The door for programs on Node. */
export * from './common.ts'
export {
  listen,
  type ListenOptions,
  type Listening,
  nodeHandler,
  type NodeHandlerOptions,
  shutDown,
  type ShutDownOptions,
  type Stoppable,
} from './node/index.ts'
export {
  createJsonLog,
  createMetrics,
  type JsonLogOptions,
  type MeasuredStatus,
  type Metrics,
} from './monitoring/index.ts'
export {
  drainFile,
  type DrainedFile,
  reopenFile,
  restoreBackup,
  sqliteStorage,
  type SqliteStorage,
} from './storage/sqlite/index.ts'
