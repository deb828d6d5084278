import type { JsonObject, Op } from 'web-sync-protocol'
import type { LocalOp } from 'web-sync/testing'
import type { Device } from '../device.ts'
import type { Ledger, Sights, Write } from '../ledger.ts'
import { policyOf } from '../schema.ts'
import type { World } from '../world.ts'
import { marksOf } from './marks.ts'

/**
 * What the person at this device has seen by now of the records that a write would take something away from (its puts and deletions; a
 * patch takes nothing away): what is shown at this moment, and what was shown when they wrote to the record before, for a rollback takes
 * it out of sight and not out of mind. Read past all ports, as an onlooker.
 */
export async function readSights({ ledger }: World, device: Device, ops: readonly LocalOp[]): Promise<Sights> {
  const sights = new Map<string, ReadonlySet<string>>()
  for (const { op, collection, id } of ops) {
    if (op === 'insert') continue
    const name = `${collection}/${id}`
    const { view } = await readRecord(device, collection, id)
    const seen = ledger.see(device.name, name, marksOf(view ?? {}))
    if (op !== 'patch') sights.set(name, seen)
  }
  return sights
}

/**
 * Adds what may have come into sight while a write was on its way beside others: what is there right after it, and the device's own
 * writes, those of its other tabs too of which it has not heard yet. So a race leaves nothing unchecked; at most it takes as seen what
 * came in the same moment.
 */
export async function widenSights({ ledger }: World, device: Device, sights: Sights): Promise<Sights> {
  const own = ledger.begunBy(device.name)
  const wide = new Map<string, ReadonlySet<string>>()
  for (const [name, before] of sights) {
    const [collection = '', id = ''] = name.split('/')
    const { view, base } = await readRecord(device, collection, id)
    wide.set(name, new Set([...before, ...marksOf(view ?? {}), ...marksOf(base ?? {}), ...own]))
  }
  return wide
}

/** A record as this device shows it at this moment; null: it shows none. */
export async function readSeen(device: Device, collection: string, id: string): Promise<JsonObject | null> {
  return (await readRecord(device, collection, id)).view
}

/** The operations of a mutation that waits on this device, as they will be sent; none: it does not wait there. */
export function readWaiting(device: Device, mutationId: string): Promise<readonly Op[]> {
  return device.look(async (tx) => {
    const rows = await tx.list('outbox', { range: { lower: 0, upper: Number.MAX_SAFE_INTEGER }, limit: 1_000_000 })
    return rows.find((row) => row.mutationId === mutationId)?.ops ?? []
  })
}

/**
 * The operations of a mutation that was accepted, as this device would send them again; none: it
 * does not keep it.
 */
export function readKept(device: Device, mutationId: string): Promise<readonly Op[]> {
  return device.look(async (tx) => {
    const rows = await tx.list('journal', { range: { lower: 0, upper: Number.MAX_SAFE_INTEGER }, limit: 1_000_000 })
    return rows.find((row) => row.mutationId === mutationId)?.ops ?? []
  })
}

function readRecord(
  device: Device,
  collection: string,
  id: string,
): Promise<{ readonly view: JsonObject | null; readonly base: JsonObject | null }> {
  return device.look(async (tx, sync) => {
    // Emptied by a sign-out a moment ago.
    const base = sync === undefined ? null : ((await tx.get('base', [sync.generation, collection, id]))?.value ?? null)
    const overlay = await tx.get('overlay', [collection, id])
    return { base, view: overlay === undefined ? base : overlay.value }
  })
}

/**
 * S25: no edit that the partner has accepted is taken away by a write whose author had not seen it, whatever the partner itself takes for
 * seen. Each change that was committed is compared with the record before it: the marks that are gone must have been in its author's sight.
 * It is judged after the step: in a race a write may reach the partner before its author hears that it is stored. A collection where the initiator wins says that they may go; it is noted which have.
 */
export function judgeCommitted({ story, ledger, committed }: World): void {
  for (const { collection, id, before, after, mutationId } of committed.splice(0)) {
    const kept = marksOf(after ?? {})
    const name = `${collection}/${id}`
    const taken = [...marksOf(before)].filter((mark) => !kept.has(mark))
    const gone = taken.filter((mark) => !isOfReused(ledger, mark))
    // Not judged, see isOfReused, but gone all the same: no other record that the same mutation wrote asks for it.
    for (const mark of taken) if (!gone.includes(mark)) ledger.overrule(name, mark)
    if (gone.length === 0) continue
    story.count('checked: S25 marks that went', gone.length)
    // A deletion that waited takes effect with another mutation: then the partner names none. It deletes nothing of its own accord.
    const writes = mutationId === null ? ledger.deletionsOf(name) : ledger.withId(mutationId)
    if (writes.some((write) => gone.every((mark) => hasSeen(write, name, mark)))) continue
    if (policyOf(collection) === 'initiatorWins') {
      for (const mark of gone) ledger.overrule(name, mark)
      story.count('sometimes: an unseen edit is overruled')
    } else {
      const who = mutationId === null ? 'a deletion that waited' : mutationId.slice(0, 8)
      story.fail('S25', `${who} took ${gone.map((mark) => mark.slice(0, 8)).join(', ')} from ${name}, unseen`)
    }
  }
}

/** Whoever names a mutation whose id was used for two contents has seen one of them, and the partner may have the other. */
function isOfReused(ledger: Ledger, mark: string): boolean {
  const write = ledger.get(mark)
  return write !== undefined && ledger.isReused(write.mutationId)
}

function hasSeen({ mark: own, sights }: Write, name: string, mark: string): boolean {
  return mark === own || sights.get(name)?.has(mark) === true
}
