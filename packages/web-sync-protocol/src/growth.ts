import { type JsonObject, setField } from './json.ts'
import { type Patch, splitPointer, toPatch, toPointer } from './patch.ts'
import type { Growth } from './schema.ts'
import type { Op } from './wire/mutation.ts'

/**
 * A record of whatever version as a record of this one. Where both names of a renamed field are there the new one counts: it was
 * written by newer code. Doing it again changes nothing.
 */
export function fitRecord(growth: Growth | undefined, value: JsonObject): JsonObject {
  if (growth?.renamed === undefined && growth?.defaults === undefined) return value
  const named = rename(growth, value)
  const lacking = Object.keys(growth?.defaults ?? {}).filter((field) => !Object.hasOwn(named, field))
  if (lacking.length === 0) return named
  const fitted = { ...named }
  for (const field of lacking) setField(fitted, field, growth?.defaults?.[field] ?? null)
  return fitted
}

/** An operation that was written under an earlier version, as one on records of this one; it travels and is stored as it was. */
export function fitOp(growth: Growth | undefined, op: Op): Op {
  if (growth === undefined || op.op === 'delete') return op
  // A patch says nothing of fields that it lacks.
  if (op.op === 'patch') return { ...op, ...renamePatch(growth, op) }
  return { ...op, value: fitRecord(growth, op.value) }
}

function renamePatch(growth: Growth, { value, removed = [] }: Patch): Patch {
  const { renamed = {} } = growth
  const pointers = removed.map((pointer) => {
    const [field, rest] = splitPointer(pointer)
    return Object.hasOwn(renamed, field) ? toPointer(renamed[field] as string) + rest : pointer
  })
  return toPatch(rename(growth, value), pointers)
}

function rename(growth: Growth | undefined, value: JsonObject): JsonObject {
  const { renamed = {} } = growth ?? {}
  if (!Object.keys(renamed).some((before) => Object.hasOwn(value, before))) return value
  const fitted: JsonObject = {}
  for (const [field, content] of Object.entries(value)) {
    const now = Object.hasOwn(renamed, field) ? (renamed[field] as string) : field
    if (now === field || !Object.hasOwn(value, now)) setField(fitted, now, content)
  }
  return fitted
}
