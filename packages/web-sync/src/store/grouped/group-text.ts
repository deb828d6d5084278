import type { RowKey } from '../keys.ts'
import type { GroupRow, GroupedName } from '../rows.ts'
import type { GroupedRow } from './grouped-table.ts'

/**
 * What a transaction did to a row of a grouped store; a null row: it was removed. `[units]`: here begins a whole copy of all rows, so
 * many units of text long; nothing before it counts.
 */
export type GroupChange = readonly [store: GroupedName, key: RowKey, row: GroupedRow | null] | readonly [units: number]

/** UTF-16 units that a group of several changes does not exceed: well below what the platform moves to a file of its own. */
const MAX_UNITS = 48_000

/** Changes as groups with the numbers from `next` on: as few as their length allows. */
export function encodeGroups(changes: readonly GroupChange[], next: number): GroupRow[] {
  const groups: GroupRow[] = []
  let texts: string[] = []
  let units = 0
  const close = (): void => {
    if (texts.length > 0) groups.push({ group: next + groups.length, text: `[${texts.join(',')}]` })
    texts = []
    units = 0
  }
  for (const change of changes) {
    const text = JSON.stringify(change)
    if (units + text.length > MAX_UNITS) close()
    texts.push(text)
    units += text.length
  }
  close()
  return groups
}

/** The changes of a group, in order. */
export function decodeGroup(group: GroupRow): GroupChange[] {
  return JSON.parse(group.text) as GroupChange[]
}
