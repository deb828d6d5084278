/** The page of every contestant; its address says which one, and whether it asks the query by itself. */
import type { BenchPage } from '../shared/bench-page.ts'
import type { ContestantName } from '../shared/contestants.ts'
import type { Place } from '../shared/place.ts'
import type { CreateContestant } from './contestant.ts'
import { setGate, orderChange } from './orders.ts'
import { watchLongTasks } from './long-tasks.ts'

const load: Record<ContestantName, () => Promise<{ createContestant: CreateContestant }>> = {
  ours: () => import('./contestants/ours.ts'),
  rows: () => import('./contestants/rows.ts'),
  'rows-index': () => import('./contestants/rows-index.ts'),
  packed: () => import('./contestants/packed.ts'),
  fetch: () => import('./contestants/fetch.ts'),
  dexie: () => import('./contestants/dexie.ts'),
  yjs: () => import('./contestants/yjs.ts'),
  replicache: () => import('./contestants/replicache.ts'),
  tinybase: () => import('./contestants/tinybase.ts'),
  pouchdb: () => import('./contestants/pouchdb.ts'),
  rxdb: () => import('./contestants/rxdb.ts'),
}

/** Milliseconds between two writes of the probe: many times a run, and not the load that is measured. */
const PROBE_EVERY_MS = 100

const parameters = new URLSearchParams(location.search)
const { createContestant } = await load[parameters.get('contestant') as ContestantName]()
const contestant = createContestant()
const opened = parameters.get('task') === 'query' ? contestant.open() : null

const page: BenchPage = {
  firstAnswer: askFirst(),
  firstSync: async () => {
    const longTasks = watchLongTasks()
    const ms = await time(async () => {
      await contestant.open()
      await contestant.firstSync()
    })
    return { ms, blockedMs: longTasks.stop() }
  },
  probeFirstSync,
  count: () => contestant.count(),
  get: (ids) => Promise.all(ids.map((id) => contestant.get(id))),
  putEach: async (places) => {
    const times: number[] = []
    for (const place of places) times.push(await time(() => contestant.putOne(place)))
    return times
  },
  putTogether: (places) => time(() => contestant.putMany(places)),
  push: async () => {
    await setGate(true)
    return time(() => contestant.push())
  },
  pull: async (count, round) => {
    await setGate(false)
    await orderChange(count, round)
    await setGate(true)
    return time(() => contestant.pull())
  },
  catchUp: () => contestant.pull(),
  writeIntoQuery,
}
Object.assign(globalThis, { bench: page })

async function askFirst(): Promise<{ ms: number; places: readonly Place[] }> {
  if (opened === null) return { ms: 0, places: [] }
  await opened
  const places = await contestant.mostPopulous()
  return { ms: performance.now(), places }
}

async function probeFirstSync(template: Place): Promise<{ writes: Place[]; waitsMs: number[] }> {
  await contestant.open()
  const progress = { isDone: false }
  const synced = contestant.firstSync().finally(() => (progress.isDone = true))
  const writes: Place[] = []
  const waitsMs: number[] = []
  while (!progress.isDone) {
    const place = { ...template, id: `probe-${writes.length}` }
    writes.push(place)
    waitsMs.push(await time(() => contestant.putOne(place)))
    await new Promise((resolve) => {
      setTimeout(resolve, PROBE_EVERY_MS)
    })
  }
  await synced
  return { writes, waitsMs }
}

async function writeIntoQuery(places: readonly Place[]): Promise<number[]> {
  let awaited = ''
  let heard: (() => void) | null = null
  await contestant.watch((found) => {
    if (found.some(({ id, name }) => `${id} ${name}` === awaited)) heard?.()
  })
  const times: number[] = []
  for (const place of places) {
    awaited = `${place.id} ${place.name}`
    const shown = new Promise<void>((resolve) => {
      heard = resolve
    })
    times.push(
      await time(async () => {
        const written = contestant.putOne(place)
        await shown
        await written
      }),
    )
  }
  return times
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}
