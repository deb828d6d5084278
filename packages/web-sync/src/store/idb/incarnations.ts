import { listDatabases, probe } from './door.ts'
import { noAnswerError, toSyncError } from './idb-errors.ts'
import { type StartTimer, startPlatformTimer } from './in-time.ts'

/** Incarnations in a row that are missing, or cannot be opened, after which no later one is looked for. */
const MOST_MISSING = 8

/** The name of a database that replaced another: `name`, `name.2`, `name.3` … */
export function nameIncarnation(name: string, incarnation: number): string {
  return incarnation === 1 ? name : `${name}.${incarnation}`
}

/**
 * The incarnations of a database that the browser has, oldest first; those that cannot be opened are among them. Where the browser does
 * not list databases nothing is ever replaced, so the first is looked for by its name. Firefox lists none as long as the file of one is
 * damaged: then all are. Errors: storage-failed, if the browser does not answer; storage-forbidden.
 */
export async function listIncarnations(name: string, startTimer: StartTimer = startPlatformTimer): Promise<number[]> {
  let listed: readonly string[] | null
  try {
    listed = await listDatabases(startTimer)
  } catch (error) {
    const known = toSyncError(error)
    if (known === error || known.code === 'storage-forbidden') throw known
    return searchIncarnations(name, startTimer)
  }
  if (listed === null) return (await probe(name, { startTimer })) === 'missing' ? [] : [1]
  const incarnations = [...new Set(listed)].map((other) => (other === name ? 1 : Number(split(other, name))))
  return incarnations.filter((incarnation) => incarnation >= 1).toSorted((a, b) => a - b)
}

async function searchIncarnations(name: string, startTimer: StartTimer): Promise<number[]> {
  const found: number[] = []
  let [missing, unreadable, answers] = [0, 0, 0]
  for (let incarnation = 1; missing < MOST_MISSING && unreadable < MOST_MISSING; incarnation += 1) {
    const state = await probe(nameIncarnation(name, incarnation), { startTimer })
    if (state !== 'missing') found.push(incarnation)
    if (state !== 'unreadable') answers += 1
    missing = state === 'missing' ? missing + 1 : 0
    unreadable = state === 'unreadable' ? unreadable + 1 : 0
  }
  // A browser that opens nothing has not said what is there.
  if (answers === 0) throw noAnswerError()
  return found
}

function split(other: string, name: string): string {
  return other.startsWith(`${name}.`) ? other.slice(name.length + 1) : ''
}
