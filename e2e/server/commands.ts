import { anyBytes, type Partner, type PartnerStorage } from 'web-sync-server'
import type { JsonObject } from 'web-sync-protocol'
import { fingerprint } from '../app/fingerprint.ts'
import { schema } from '../app/schema.ts'
import type { ServerCommands, ServerOp } from './ipc.ts'
import type { Settings } from './settings.ts'

/** More rows than any scenario makes. */
const ALL = anyBytes(1_000_000)

/** What a test can ask, answered from the storage itself: not through the code that is under test. */
export function createCommands(partner: Partner, storage: PartnerStorage, settings: Settings): ServerCommands {
  return {
    records: async (space, collection) => {
      const rows = await storage.read(space, (tx) => tx.listRecords(collection, null, ALL))
      return rows.map(({ id, version, mutationId, value }) => ({
        id,
        version,
        mutationId,
        value: JSON.parse(value) as JsonObject,
      }))
    },
    log: async (space) => {
      const rows = await storage.read(space, async (tx) => tx.listLog(0, (await tx.getSpace()).head, ALL))
      return rows.map(({ number, collection, id, mutationId, value }) => ({
        number,
        collection,
        id,
        mutationId,
        isDelete: value === null,
      }))
    },
    fingerprint: async (space) => {
      const all = await storage.read(space, (tx) =>
        Promise.all(Object.keys(schema.collections).map((name) => tx.listRecords(name, null, ALL))),
      )
      return fingerprint(all.flat().map(({ value }) => JSON.parse(value) as JsonObject))
    },
    inspect: (space) => partner.inspect(space),
    transact: async (space, ops) => {
      await partner.transact(space, (tx) => ops.forEach((op) => writeOp(tx, op)))
    },
    fillPlaces: async (space, count) => {
      await partner.importRecords(space, 'places', makePlaces(count))
    },
    markDurable: () => storage.markDurable(null),
    expireSignIns: async () => {
      settings.epoch += 1
    },
    expireBefore: async (exchanges) => {
      settings.expiresBefore = exchanges
    },
    setAccess: async (account, access) => {
      settings.accessByAccount.set(account, access)
    },
    answerNext: async (status, times) => {
      settings.answer = { status, times }
    },
    setForeignVersion: async (version) => {
      settings.foreignVersion = version
    },
    deployServiceWorker: async (which) => {
      settings.serviceWorker = which
    },
    mostAtOnce: async () => settings.mostAtOnce,
  }
}

function writeOp(tx: Parameters<Parameters<Partner['transact']>[1]>[0], op: ServerOp): void {
  const writer = tx[op.collection]
  if (writer === undefined) throw new Error(`no collection ${op.collection}`)
  if (op.op === 'delete') writer.delete(op.id)
  else if (op.op === 'patch') writer.patch(op.id, op.value)
  else writer[op.op](op.value)
}

function* makePlaces(count: number): Iterable<JsonObject> {
  for (let index = 0; index < count; index += 1) {
    const id = `p-${String(index).padStart(6, '0')}`
    // Multiplied by a prime, so that the order by population is not that of the ids.
    yield { id, name: `Place ${index}`, population: (index * 7919) % 1_000_003 }
  }
}
