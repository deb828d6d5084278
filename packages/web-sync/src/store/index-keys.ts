import { type CollectionShape, type JsonObject, type JsonValue, type SchemaShape, getField } from 'web-sync-protocol'
import type { RowKey } from './keys.ts'

/**
 * How a field's value is ordered: null and missing, false, true, numbers, strings, the rest. Every record is in every index, so an
 * index orders all records; objects and arrays are all equal there.
 */
export const RANKS = { null: 0, false: 1, true: 2, number: 3, string: 4, other: 5 } as const

/** The part of an index key that a field's value makes. */
export function valueToPart(value: JsonValue | undefined): readonly [number, ...RowKey[]] {
  if (value === undefined || value === null) return [RANKS.null]
  if (typeof value === 'boolean') return [value ? RANKS.true : RANKS.false]
  // −0 and 0 are one number, but two keys to some platforms.
  if (typeof value === 'number') return [RANKS.number, value === 0 ? 0 : value]
  return typeof value === 'string' ? [RANKS.string, value] : [RANKS.other]
}

/** The parts that an index's fields make of a record, and its id: the order of the index, ties by id. */
export function recordToParts(fields: readonly string[], id: string, value: JsonObject): RowKey[] {
  return [...fields.map((field) => valueToPart(getField(value, field))), id]
}

/** The shape of a collection, if the schema declares it. */
export function findCollection(shape: SchemaShape, name: string): CollectionShape | undefined {
  return shape.collections.find((collection) => collection.name === name)
}

/** Index keys of a row of outbox, journal or refused: by mutation, and as said. */
export function mutationIndexKeys(mutationId: string, more: readonly RowKey[] = []): RowKey[] {
  return [['id', mutationId], ...more]
}

/** Lists a pending mutation by each record that it touches. */
export function touchKeys(ops: readonly { readonly collection: string; readonly id: string }[]): RowKey[] {
  return ops.map((op) => ['touch', op.collection, op.id])
}
