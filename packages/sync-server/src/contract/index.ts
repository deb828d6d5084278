/** What the server's rooms agree on: ports, promises and facts; and the catalogue of problems. */
export * from './engine.ts'
export * from './errors.ts'
export * from './events.ts'
export * from './hooks.ts'
export * from './move.ts'
export * from './ports.ts'
export * from './problem-catalogue.ts'
export * from './storage.ts'
