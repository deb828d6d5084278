import { emptyRows, type EmptyWhen, GroupedRows, isNothing } from 'web-sync/testing'
import type { Device } from '../device.ts'
import type { RowReader, RowWriter } from '../disk.ts'
import type { World } from '../world.ts'
import { replace } from './client.ts'

/** An event of the browser wakes the service worker, beside the tabs or without any; now and then it is ended in the middle. */
export async function wakeServiceWorker(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  story.count('fault: service worker beside tabs')
  story.tell(`${device.name}: the service worker wakes`)
  const limit = { changes: 1 + chance.integer(40), pages: chance.pick([1, 2, 8]), maxExchanges: 1 + chance.integer(3) }
  await device.wakeServiceWorker(limit, chance.happens(0.3) ? chance.integer(60) : null)
}

/** Mutations that a device knows. */
interface Known {
  /** Waiting, or refused and not dealt with. */
  readonly unsent: readonly string[]
  /** Kept for replay. */
  readonly accepted: readonly string[]
}

/**
 * A person signs out, while tabs and the service worker go on: if all is sent, or with the unsent being discarded. Then the device begins
 * anew. S2: with `if-sent` nothing is removed that the partner does not have.
 */
export async function signOut(world: World): Promise<void> {
  const { chance, story } = world
  const device = chance.pick(world.devices)
  const when: EmptyWhen = chance.happens(0.7) ? 'if-sent' : 'always'
  const disk = device.disk.openFor(device.startProcess())
  let known: Known = { unsent: [], accepted: [] }
  const database = {
    ...disk,
    close: async () => undefined,
    // What is there in the very transaction that empties.
    write: <T>(durability: 'strict' | 'relaxed', work: (tx: RowWriter) => Promise<T>): Promise<T> =>
      disk.write(durability, async (tx) => {
        known = await listKnown(tx)
        return work(tx)
      }),
  }
  const counts = await emptyRows(database, when, false)
  const isRemoved = when === 'always' || isNothing(counts)
  story.tell(`${device.name} signs out (${when}): ${isRemoved ? 'removed' : 'kept'}`)
  story.count(`sometimes: signed out ${when}, ${isRemoved ? 'removed' : 'kept'}`)
  if (!isRemoved) return
  const next = await replace(world, device, undefined)
  story.tell(`${next.name} begins anew`)
  if (when === 'if-sent' && known.unsent.length > 0) {
    story.fail('S2', `${device.name} was removed with ${known.unsent.length} unsent writes, as if all was sent`)
  }
  await settleAccounts(world, device, known, when)
}

/** What nobody can replay any more, and what was given up. */
async function settleAccounts(world: World, { owner }: Device, known: Known, when: EmptyWhen): Promise<void> {
  const { ledger, host, story } = world
  const own = [...ledger.promised()].filter((write) => write.device === owner.name).map((write) => write.mutationId)
  const unsent = new Set(known.unsent)
  for (const mutationId of new Set([...known.unsent, ...known.accepted, ...own])) {
    if (ledger.isForgiven(mutationId)) continue
    const outcome = await host.outcomeOf(owner.space, owner.account, mutationId)
    if (outcome === 'accepted' && !unsent.has(mutationId)) ledger.makeFragile(mutationId)
    else ledger.forgive(mutationId)
    const isForgotten = ledger.historiesLost > 0 || ledger.isBeyondRetention || ledger.isReused(mutationId)
    if (when === 'if-sent' && outcome === null && !isForgotten) {
      story.fail('S2', `${mutationId.slice(0, 8)} of ${owner.name} was removed, and the partner never had it`)
    }
  }
}

async function listKnown(raw: RowReader): Promise<Known> {
  const tx = await new GroupedRows().begin(raw)
  const all = { range: { lower: 0, upper: Number.MAX_SAFE_INTEGER }, limit: 1_000_000 }
  const [outbox, refused, journal] = await Promise.all([
    tx.list('outbox', all),
    tx.list('refused', all),
    tx.list('journal', all),
  ])
  return { unsent: idsOf([...outbox, ...refused]), accepted: idsOf(journal) }
}

function idsOf(rows: readonly { readonly mutationId: string }[]): string[] {
  return rows.map(({ mutationId }) => mutationId)
}
