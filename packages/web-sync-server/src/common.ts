/** What both doors offer: nothing here needs Node. */
export * from './contract/index.ts'
export type { Authenticate } from './http/authenticate.ts'
export type { Partner, PartnerOptions, PartnerStatus } from './partner-types.ts'
export type { OwnWriter } from './engine/index.ts'
export { createPartner } from './partner.ts'
export { type PortAnswer, type PortAsk, servePort, type ServedPort } from './serve-port.ts'
export { memoryStorage, type MemoryStorage } from './storage/memory-storage.ts'
