import { type Collection, type CollectionsByName, collection, defineSchema, type Schema } from 'web-sync-protocol'
import { createPartner } from '../../../web-sync-server/src/partner.ts'
import type { Partner } from '../../../web-sync-server/src/partner-types.ts'
import { type MemoryStorage, memoryStorage } from '../../../web-sync-server/src/storage/memory-storage.ts'
import type { ReportCode } from '../contract/index.ts'
import { openSpace } from './open-space.ts'
import type { Space, SpaceOptions } from './space.ts'
import { createWorld, until, type World } from './tabs.fixture.ts'

/** One collection, `notes`, of records with a text. */
export interface Notes extends CollectionsByName {
  readonly notes: Collection<{ readonly id: string; readonly text: string }>
}

/** The schema of an app that has {@link Notes}. */
export function notesOf(app: string): Schema<Notes> {
  return defineSchema({ app, version: 1, collections: { notes: collection(null) } })
}

/** One browser, and what answers at `/<address>/sync` of its origin. */
export interface Addresses {
  readonly world: World
  /** Partners by address; none: it cannot be reached. */
  readonly served: Map<string, Partner>
  /** What the spaces reported, in order. */
  readonly reports: ReportCode[]
  /**
   * Opens space `team` of account `ada` in a tab of its own; without an endpoint unless one is
   * given.
   */
  open<Collections extends CollectionsByName>(
    schema: Schema<Collections>,
    options?: Partial<SpaceOptions<Collections>>,
  ): Promise<Space<Collections>>
  /** Closes all spaces, and the browser. */
  close(): Promise<void>
}

/** Makes a browser in which nothing is served yet. */
export function createAddresses(name: string): Addresses {
  const world = createWorld(name)
  const served = new Map<string, Partner>()
  const reports: ReportCode[] = []
  const opened: { close(): Promise<void> }[] = []
  world.fetch = async (url, init) => {
    const { pathname, search } = new URL(url)
    const [, address = '', ...path] = pathname.split('/')
    const partner = served.get(address)
    if (partner === undefined) throw new TypeError('no network')
    return partner.fetch(new Request(`http://app.test/${path.join('/')}${search}`, init))
  }
  return {
    world,
    served,
    reports,
    open: async (schema, options = {}) => {
      const space = await openSpace({
        schema,
        space: 'team',
        account: 'ada',
        createWorker: () => world.createWorker(),
        persistStorage: false,
        onReport: (code) => void reports.push(code),
        ...options,
      })
      opened.push(space)
      return space
    },
    close: async () => {
      await Promise.all(opened.map((space) => space.close()))
      await world.close()
    },
  }
}

/** A partner to be served, for the one account that asks. */
export function serve(schema: Schema, storage: MemoryStorage = memoryStorage()): Partner {
  return createPartner({ schema, storage, authenticate: () => ({ account: 'ada' }), authorize: () => 'write' })
}

/** Ids of the notes that a space shows, in their order. */
export async function idsOf({ collections }: Space<Notes>): Promise<string[]> {
  return (await collections.notes.query().all()).map(({ id }) => id)
}

/** Resolves when the first sync is over, nothing is left to send, and nothing under way. */
export async function untilIdle({ status }: Space<CollectionsByName> | Space<Notes>): Promise<void> {
  await until(status, ({ state, pending, lastSyncAtMs }) => {
    return state === 'idle' && pending === 0 && lastSyncAtMs !== null
  })
}
