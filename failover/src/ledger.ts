import { isDeepStrictEqual } from 'node:util'
import { isJsonObject, type JsonObject, type JsonValue } from 'web-sync-protocol'
import { anyBytes, type PartnerStorage } from 'web-sync-server'
import type { Device, Promised, ShownRecord, WriteFate } from './devices/device.ts'

/** More records and log rows than a round makes. */
const ALL = anyBytes(1_000_000)

/** What the partner has of a space. */
export interface PartnerContent {
  readonly recordsById: ReadonlyMap<string, JsonObject>
  /** All records of all collections, `collection/id` → value. */
  readonly all: ReadonlyMap<string, JsonObject>
  /** How often a mutation changed a record, by `mutation collection/id`: once, if it was applied once. */
  readonly effects: ReadonlyMap<string, number>
}

/** Every promise that a device made in a round: nothing may be forgotten, whatever happens to the partner. */
export class Ledger {
  readonly #writes: Promised[] = []

  add(write: Promised): void {
    this.#writes.push(write)
  }

  get writes(): readonly Promised[] {
    return this.#writes
  }

  /** What became of all writes so far, as their devices show it. */
  async fates(devices: readonly Device[]): Promise<ReadonlyMap<Promised, WriteFate>> {
    // Before the devices are asked: a write that is made meanwhile is not in what they say.
    const writes = [...this.#writes]
    const unaccepted = new Map<string, WriteFate>()
    for (const device of devices) for (const [id, fate] of await device.unaccepted()) unaccepted.set(id, fate)
    return new Map(writes.map((write) => [write, unaccepted.get(write.mutationId) ?? 'accepted']))
  }

  /** Writes that were accepted so far. */
  async accepted(devices: readonly Device[]): Promise<readonly Promised[]> {
    return [...(await this.fates(devices))].filter(([, fate]) => fate === 'accepted').map(([write]) => write)
  }
}

/** True if the mark of a write is in the partner's records. */
export function isThere(write: Promised, content: PartnerContent): boolean {
  const record = content.recordsById.get(write.recordId)
  if (record === undefined) return false
  if (write.mark === null) return true
  const { marks } = record
  return marks !== undefined && isJsonObject(marks) && marks[write.mark] === true
}

/** True if a record that a device had and lost is there with everything that was in it (others may have added to it since). */
export function isRestored({ collection, value }: ShownRecord, { all }: PartnerContent): boolean {
  const record = all.get(nameOf(collection, value))
  return record !== undefined && isWithin(value, record)
}

/** A record's name in {@link PartnerContent}. */
export function nameOf(collection: string, { id }: JsonObject): string {
  return `${collection}/${typeof id === 'string' ? id : ''}`
}

function isWithin(part: JsonValue, whole: JsonValue | undefined): boolean {
  if (whole === undefined) return false
  if (!isJsonObject(part) || !isJsonObject(whole)) return isDeepStrictEqual(part, whole)
  return Object.entries(part).every(([name, value]) => isWithin(value, whole[name]))
}

/** Reads what the partner has, past the engine. */
export function readContent(
  storage: PartnerStorage,
  space: string,
  collections: readonly string[],
): Promise<PartnerContent> {
  return storage.read(space, async (reader) => {
    const all = new Map<string, JsonObject>()
    const recordsById = new Map<string, JsonObject>()
    for (const collection of collections) {
      for (const { id, value } of await reader.listRecords(collection, null, ALL)) {
        const record = JSON.parse(value) as JsonObject
        all.set(`${collection}/${id}`, record)
        if (collection === 'notes') recordsById.set(id, record)
      }
    }
    const effects = new Map<string, number>()
    const { head } = await reader.getSpace()
    for (const { mutationId, collection, id } of await reader.listLog(0, head, ALL)) {
      const name = `${mutationId} ${collection}/${id}`
      effects.set(name, (effects.get(name) ?? 0) + 1)
    }
    return { all, recordsById, effects }
  })
}
