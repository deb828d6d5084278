/** Types, ports and error codes that the rooms of web-sync share. */
export * from './errors.ts'
export * from './ports.ts'
export * from './query.ts'
export * from './store.ts'
