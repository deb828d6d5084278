/** The engine's door: how a partner gets an engine, and how it writes records of its own. */
export { createEngine } from './create-engine.ts'
export type { OwnWriter } from './own-write.ts'
