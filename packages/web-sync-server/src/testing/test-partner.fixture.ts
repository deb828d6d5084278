import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collection, defineSchema, type Schema } from 'web-sync-protocol'
import { onTestFinished } from 'vitest'
import {
  createPartner,
  memoryStorage,
  type Partner,
  type PartnerEvent,
  type PartnerOptions,
  type PartnerStorage,
  sqliteStorage,
} from '../index.ts'
import { ScriptedInitiator, type ScriptOptions } from './scripted-initiator.ts'

/** A validator as zod and others make them. */
const titled = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) =>
      typeof (value as { title?: unknown }).title === 'string'
        ? { value: value as { id: string; title: string } }
        : { issues: [{ message: 'must be a string', path: ['title'] }] },
  },
} as const

/** The collections of the test partner. */
export const testSchema: Schema = defineSchema({
  app: 'test',
  version: 1,
  collections: {
    notes: collection(null),
    strict: collection(null, { conflict: 'partnerWins' }),
    titled: collection(titled),
    tags: collection(null, { conflict: 'initiatorWins' }),
  },
})

/** A clock that is moved by hand. */
class HandClock {
  ms = 1_700_000_000_000

  nowMs(): number {
    return this.ms
  }
}

/** A partner in this process, and what a test needs around it. */
export interface TestPartner {
  readonly partner: Partner
  readonly storage: PartnerStorage
  readonly clock: HandClock
  readonly events: PartnerEvent[]
  initiator(options?: Partial<ScriptOptions>): ScriptedInitiator
}

/** A partner whose authorization header is the account; space 's1' is everybody's, other spaces belong to the account of that name. */
export function testPartner(options: Partial<PartnerOptions> = {}): TestPartner {
  const clock = new HandClock()
  const events: PartnerEvent[] = []
  const storage = options.storage ?? memoryStorage()
  const partner = createPartner({
    schema: testSchema,
    storage,
    authenticate: (request) => {
      const account = request.headers.get('authorization')
      return account === null ? null : { account }
    },
    authorize: ({ account, space }) => (space === 's1' || space === account ? 'write' : null),
    clock,
    onEvent: (event) => events.push(event),
    ...options,
  })
  onTestFinished(() => partner.close())
  return {
    partner,
    storage,
    clock,
    events,
    initiator: (script = {}) =>
      new ScriptedInitiator({ fetch: (request) => partner.fetch(request), account: 'ann', space: 's1', ...script }),
  }
}

/** A path in a directory that is removed after the test. */
export function tempFile(name = 'test.db'): string {
  const directory = mkdtempSync(join(tmpdir(), 'web-sync-server-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, name)
}

/** A partner on a real file. */
export function sqlitePartner(path: string = tempFile(), options: Partial<PartnerOptions> = {}): TestPartner {
  return testPartner({ storage: sqliteStorage(path), ...options })
}
