/** The engine's door for the rooms that join. */
export { createEngine } from './create-engine.ts'
export type { OwnWriter } from './own-write.ts'
