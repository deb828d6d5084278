/** How asks travel, and how nudges come. */
export * from './fetch-transport.ts'
export * from './nudge-stream.ts'
export * from './port-transport.ts'
