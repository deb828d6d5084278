/** The engine: drives the initiator's machine through the ports. */
export * from './compose-ask.ts'
export * from './run-sync.ts'
export { Pace } from './pace.ts'
