import type { JsonObject } from './json.ts'
import { LIMITS } from './limits.ts'

/**
 * The part of Standard Schema v1 that we call: any validator of zod, valibot or arktype fits. It must answer synchronously.
 * Source: https://standardschema.dev
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a Standard Schema answers. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** One fault that a Standard Schema found. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What the partner does with a mutation that was made against a version no longer current (docs/protocol.md section 7). */
export type ConflictPolicy = 'merge' | 'partnerWins' | 'initiatorWins'

/** A conflict function: gets the partner's record and what the mutation would make of it; returns the record to store, or null to refuse. */
export type ResolveConflict = (conflict: {
  readonly current: JsonObject
  readonly proposed: JsonObject
}) => JsonObject | null

/** Options of {@link collection}. */
export interface CollectionOptions {
  /** Index name → fields, first the most significant. Fields are top-level field names. Default: none. */
  readonly indexes?: Readonly<Record<string, readonly string[]>>
  /** Default: 'merge'. A function runs on the partner only; the device shows its own write until the answer. */
  readonly conflict?: ConflictPolicy | ResolveConflict
  /** See {@link Growth.renamed}. Default: none. */
  readonly renamed?: Readonly<Record<string, string>>
  /** See {@link Growth.defaults}. Default: none. */
  readonly defaults?: JsonObject
}

/**
 * How records of earlier versions of a collection become records of this one: plain data, because page, worker, service worker and
 * partner must all do the same, and no function reaches a worker. See {@link fitRecord}.
 */
export interface Growth {
  /** Old name → new name of top-level fields. Keep a renaming as long as records or unsent writes of that time may exist. */
  readonly renamed?: Readonly<Record<string, string>> | undefined
  /** Values of top-level fields that a record lacks. */
  readonly defaults?: JsonObject | undefined
}

/** A declared collection; made by {@link collection}. */
export interface Collection<Value extends { id: string } = { id: string }> extends Growth {
  /** Validator of whole records, or null: any JSON object with a string `id`. */
  readonly validator: StandardSchema<Value> | null
  readonly indexes: Readonly<Record<string, readonly string[]>>
  readonly conflict: ConflictPolicy | ResolveConflict
  /** Never set: carries the record's type. */
  readonly value?: Value
}

/** A schema: shared by page, worker, service worker and server; made by {@link defineSchema}. */
export interface Schema<Collections extends CollectionsByName = CollectionsByName> {
  /**
   * Name of the app: a letter or digit, then letters, digits, `.`, `_` or `-`; at most 64. Choose it once and keep it: two apps on one origin are told apart by
   * it, and a partner answers only the app whose name it has.
   */
  readonly app: string
  /** Integer ≥ 1; raise it with each change of the collections. */
  readonly version: number
  readonly collections: Collections
}

/** Collections by name. */
export type CollectionsByName = Readonly<Record<string, Collection>>

/** The record type of a collection. */
export type RecordOf<C> = C extends Collection<infer Value> ? Value : never

/** What a store needs to know of a collection: plain data, so it can be stored and sent to a worker. */
export interface CollectionShape extends Growth {
  readonly name: string
  readonly indexes: Readonly<Record<string, readonly string[]>>
  /** True if a `put` on a known record travels as a patch of the changed fields. */
  readonly putsTravelAsPatch: boolean
}

/** What a store needs to know of a schema. */
export interface SchemaShape {
  readonly app: string
  readonly version: number
  /** In code-unit order of their names. */
  readonly collections: readonly CollectionShape[]
}

const APP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/**
 * Declares a collection of records.
 *
 * @example
 * const notes = collection(Note, { indexes: { byPlace: ['placeId'] }, conflict: 'merge' })
 */
export function collection<Value extends { id: string }>(
  validator: StandardSchema<Value> | null,
  options: CollectionOptions = {},
): Collection<Value> {
  const { indexes = {}, conflict = 'merge', ...growth } = options
  return { validator, indexes, conflict, ...growth }
}

/**
 * Declares a schema. Throws a TypeError that names the place if a name or an index is unusable: a fault of the program, not of data.
 *
 * @example
 * export const schema = defineSchema({ app: 'field-notes', version: 1, collections: { notes: collection<Note>(null) } })
 */
export function defineSchema<const Collections extends CollectionsByName>(
  schema: Schema<Collections>,
): Schema<Collections> {
  if (!isAppName(schema.app)) {
    throw new TypeError(`defineSchema: app must be the app’s name, such as 'field-notes' (${APP_NAME})`)
  }
  if (!Number.isSafeInteger(schema.version) || schema.version < 1) {
    throw new TypeError('defineSchema: version must be an integer of at least 1')
  }
  const names = Object.keys(schema.collections)
  if (names.length === 0 || names.length > LIMITS.collections) {
    throw new TypeError(`defineSchema: 1 to ${LIMITS.collections} collections are needed`)
  }
  for (const name of names) {
    if (!isCollectionName(name)) throw new TypeError(`defineSchema: '${name}' is not a collection name (${NAME})`)
    const { indexes, renamed = {}, defaults = {} } = schema.collections[name] as Collection
    const isRefused = [...Object.entries(renamed).flat(), ...Object.keys(defaults)].includes('id')
    if (isRefused || Object.values(renamed).some((field) => Object.hasOwn(renamed, field))) {
      throw new TypeError(`defineSchema: '${name}' renames or sets an id, or renames to what is itself renamed`)
    }
    for (const index of Object.keys(indexes)) {
      if (!NAME.test(index) || (indexes[index] as readonly string[]).length === 0) {
        throw new TypeError(`defineSchema: index '${name}.${index}' needs a plain name and at least one field`)
      }
    }
  }
  return schema
}

/** True for a name that an app can have; see {@link Schema.app}. */
export function isAppName(name: unknown): name is string {
  return typeof name === 'string' && APP_NAME.test(name)
}

/** True for a name that a collection can have: a letter, then letters, digits, `_` or `-`; at most 64. */
export function isCollectionName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name)
}

/** The plain-data part of a schema. */
export function schemaToShape(schema: Schema): SchemaShape {
  const collections = Object.keys(schema.collections)
    .toSorted()
    .map((name): CollectionShape => {
      const { indexes, conflict, renamed, defaults } = schema.collections[name] as Collection
      const shape = { name, indexes, putsTravelAsPatch: conflict === 'merge' }
      // What is not declared leaves no trace: shapes of earlier versions are compared as text.
      return { ...shape, ...(renamed && { renamed }), ...(defaults && { defaults }) }
    })
  return { app: schema.app, version: schema.version, collections }
}

/** A validator's first complaint, with a JSON pointer; null if it has none. A validator that answers later is refused by a TypeError. */
export function findRecordFault(
  validator: StandardSchema | null,
  value: JsonObject,
): { path: string; message: string } | null {
  if (validator === null) return null
  const result = validator['~standard'].validate(value)
  if (result instanceof Promise) throw new TypeError('a collection’s validator must answer synchronously')
  if (result.issues === undefined) return null
  const [issue] = result.issues
  const path = (issue?.path ?? []).map((part) => `/${toPointerToken(typeof part === 'object' ? part.key : part)}`)
  return { path: path.join(''), message: issue?.message ?? 'is not a valid record' }
}

function toPointerToken(key: PropertyKey): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}
