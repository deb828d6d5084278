/** Types, ports and error codes that the rooms of web-sync share. */
export * from './error-wire.ts'
export * from './errors.ts'
export * from './ports.ts'
export * from './query.ts'
export * from './store-id.ts'
export * from './store.ts'
export * from './wake-message.ts'
export * from './worker-api.ts'
