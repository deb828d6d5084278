import { openDB } from 'idb'

/** Generations in a row that are not there, after which no later one is looked for. */
const MOST_MISSING = 8

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
 * file of one is damaged: then they are looked for by name.
 */
export async function listGenerations(name: string): Promise<number[]> {
  if (!hasList()) return []
  try {
    const names = new Set((await indexedDB.databases()).map((info) => info.name ?? ''))
    const generations = [...names].map((other) => (other === name ? 1 : Number(split(other, name))))
    return generations.filter((generation) => generation >= 1).toSorted((a, b) => a - b)
  } catch {
    const found: number[] = []
    for (let [generation, missing] = [1, 0]; missing < MOST_MISSING; generation += 1) {
      const isThere = await exists(nameGeneration(name, generation))
      if (isThere) found.push(generation)
      missing = isThere ? 0 : missing + 1
    }
    return found
  }
}

/** One that cannot be opened is there all the same. */
async function exists(name: string): Promise<boolean> {
  let isThere = true
  const upgrade = (
    _db: unknown,
    _from: number,
    _to: number | null,
    tx: { readonly done: Promise<void>; abort(): void },
  ) => {
    isThere = false
    tx.done.catch(() => undefined)
    tx.abort()
  }
  try {
    const db = await openDB(name, undefined, { upgrade })
    db.close()
  } catch {
    // Made and not wanted, or damaged.
  }
  return isThere
}

function split(other: string, name: string): string {
  return other.startsWith(`${name}.`) ? other.slice(name.length + 1) : ''
}
