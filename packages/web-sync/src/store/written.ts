import { type JsonObject, type Op, toPatch } from 'web-sync-protocol'
import type { LocalOp } from '../contract/index.ts'
import { type RecordName, RecordSet } from './record-names.ts'
import { jsonBytes } from './sizes.ts'

/**
 * What a person wrote where it travels otherwise: for each operation the whole record of a `put` that travels as a patch, else null.
 * Missing: all of it travels as it was written.
 */
export type Written = readonly (JsonObject | null)[]

/** A row that may have it. */
export interface HasWritten {
  readonly ops: readonly Op[]
  readonly written?: Written | undefined
}

/** As a part of a row: nothing where there is nothing to keep. */
export function keepWritten(written: Written | undefined): { readonly written?: Written } {
  return written === undefined || written.every((value) => value === null) ? {} : { written }
}

/**
 * The same for an accepted mutation, in the journal: kept as long as it is at most twice as large as what travels, so that it takes no room
 * from what a restore needs. Without it a mutation that is refused after a restore is listed as it travelled.
 */
export function keepSmallWritten({ written }: HasWritten, bytes: number): { readonly written?: Written } {
  return written !== undefined && jsonBytes(written) <= 2 * bytes ? { written } : {}
}

/** The operations as they were written: a `put` with the whole record. */
export function writtenOps({ ops, written }: HasWritten): readonly Op[] {
  if (written === undefined) return ops
  return ops.map((op, index): Op => {
    const whole = written[index] ?? null
    if (whole === null || op.op !== 'patch') return op
    const { removed: _removed, ...target } = op
    return { ...target, op: 'put', value: whole }
  })
}

/**
 * The local operations that do again what was written, on other records than it was written on. A `put` that travelled as a patch changes
 * again what it changed, so that it takes nobody's other field back; where the record is gone, `isThere` false, it makes it whole.
 */
export function writtenToLocal(row: HasWritten, isThere: (record: RecordName) => boolean): LocalOp[] {
  const whole = writtenOps(row)
  const made = new RecordSet()
  return row.ops.map((travelled, index): LocalOp => {
    const isGone = !isThere(travelled) && !made.has(travelled)
    made.add(travelled)
    const op = isGone ? (whole[index] as Op) : travelled
    const { collection, id } = op
    if (op.op === 'delete') return { op: 'delete', collection, id }
    if (op.op !== 'patch') return { op: op.op, collection, id, value: op.value }
    return { op: 'patch', collection, id, ...toPatch(op.value, op.removed ?? []) }
  })
}
