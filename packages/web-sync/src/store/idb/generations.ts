import { SyncError } from '../../contract/index.ts'
import { noAnswerError } from './idb-errors.ts'
import { openExisting } from './open-existing.ts'
import { inTime, type StartTimer, startPlatformTimer } from './in-time.ts'

/** Generations in a row that cannot be opened, after which no later one is looked for. */
const MOST_MISSING = 8
/** So long the browser has to say which databases there are, which takes some milliseconds, and so often it is asked. */
const LIST_MS = 1_000
const MOST_ASKS = 3

/** The name of a database that replaced another: `name`, `name.2`, `name.3` … */
export function nameGeneration(name: string, generation: number): string {
  return generation === 1 ? name : `${name}.${generation}`
}

/** False: the browser does not list databases (Firefox before 126). */
export function hasList(): boolean {
  return typeof (indexedDB as Partial<IDBFactory>).databases === 'function'
}

/**
 * The generations of a database that the browser has, oldest first. None if it does not list databases. Firefox lists none as long as the
 * file of one is damaged: then those that can be opened are looked for by name. Errors: storage-failed, if the browser does not answer.
 */
export async function listGenerations(name: string, startTimer: StartTimer = startPlatformTimer): Promise<number[]> {
  if (!hasList()) return []
  try {
    // Firefox lists, after its next start, what was begun and given up: with version 0.
    const made = (await askForList(startTimer)).filter(({ version = 0 }) => version > 0)
    const names = new Set(made.map((info) => info.name ?? ''))
    const generations = [...names].map((other) => (other === name ? 1 : Number(split(other, name))))
    return generations.filter((generation) => generation >= 1).toSorted((a, b) => a - b)
  } catch (error) {
    if (error instanceof SyncError) throw error
    const found: number[] = []
    for (let [generation, missing] = [1, 0]; missing < MOST_MISSING; generation += 1) {
      const isUsable = await canBeOpened(nameGeneration(name, generation))
      if (isUsable) found.push(generation)
      missing = isUsable ? 0 : missing + 1
    }
    return found
  }
}

/**
 * The browser's list. Chromium 156 never answers a question that comes in the moment in which it evicts the origin, in one of ten tries;
 * the next one it answers.
 */
async function askForList(startTimer: StartTimer): Promise<IDBDatabaseInfo[]> {
  for (let ask = 1; ask <= MOST_ASKS; ask += 1) {
    const list = await inTime(indexedDB.databases(), LIST_MS, startTimer)
    if (list !== null) return list
  }
  throw noAnswerError()
}

/** Nothing is made by it. */
async function canBeOpened(name: string): Promise<boolean> {
  try {
    const db = await openExisting(name)
    db.close()
    return true
  } catch {
    return false
  }
}

function split(other: string, name: string): string {
  return other.startsWith(`${name}.`) ? other.slice(name.length + 1) : ''
}
