/** For those who write a storage, and for tests of a partner: the suite that any storage must pass, and an initiator to ask with. */
export {
  type HeldRecord,
  mutationOf,
  randomHex,
  type ScriptedAnswer,
  ScriptedInitiator,
  type ScriptOptions,
} from './scripted-initiator.ts'
export { testPartnerStorage, type TestRunner } from './storage-suite.ts'
