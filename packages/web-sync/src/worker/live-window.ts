import { isEqualJson, type JsonObject } from 'web-sync-protocol'
import type { RecordChange, ResultChange } from '../contract/index.ts'
import { lowerBound } from '../store/lower-bound.ts'
import { isMatch } from '../store/query-match.ts'
import type { QueryPlan } from '../store/query-plan.ts'
import { compareInPlan, isBehind } from '../store/run-query.ts'

/** What is different in a result; see {@link ResultChange}. */
export type WindowChange = Pick<ResultChange<JsonObject>, 'records' | 'removed'> & { readonly at: readonly number[] }

/**
 * The result of a live query as the page has it. It knows by the query's conditions and by its own last record whether a change of a
 * record can be seen in it: what lies behind the last record of a full window cannot.
 */
export class LiveWindow {
  readonly plan: QueryPlan
  #records: JsonObject[]
  #byId: Map<string, JsonObject>

  constructor(plan: QueryPlan, records: readonly JsonObject[]) {
    this.plan = plan
    this.#records = [...records]
    this.#byId = new Map(records.map((value) => [idOf(value), value]))
  }

  /** In order. */
  get records(): readonly JsonObject[] {
    return this.#records
  }

  /** Those changes that can be seen in the result. */
  hits(changes: readonly RecordChange[]): RecordChange[] {
    return changes.filter(({ collection, id, value }) => {
      if (collection !== this.plan.collection || this.plan.limit === 0) return false
      const before = this.#byId.get(id)
      if (before === undefined) return this.#holds(value)
      return value === null || !isEqualJson(before, value) || !this.#holds(value)
    })
  }

  /** Takes changes in that are newer than the result, all or none; 'unknown': records move up that only the store knows. */
  apply(changes: readonly RecordChange[]): WindowChange | 'unknown' | null {
    const hits = this.hits(changes)
    if (hits.length === 0) return null
    const { limit } = this.plan
    const left = hits.filter(({ id }) => this.#byId.has(id)).map(({ id }) => id)
    const came = hits.flatMap(({ value }) => (this.#holds(value) ? [value] : []))
    const size = this.#records.length
    if (size === limit && size - left.length + came.length < limit) return 'unknown'
    for (const id of left) this.#records.splice(this.#placeOf(this.#byId.get(id) as JsonObject), 1)
    for (const value of came) this.#records.splice(this.#placeOf(value), 0, value)
    const pushed = this.#records.splice(limit)
    const removed = new Set([...left, ...pushed.map(idOf).filter((id) => this.#byId.has(id))])
    for (const id of removed) this.#byId.delete(id)
    const records = came.filter((value) => !pushed.includes(value)).toSorted((a, b) => compareInPlan(this.plan, a, b))
    for (const value of records) this.#byId.set(idOf(value), value)
    if (removed.size + records.length === 0) return null
    return { records, at: records.map((value) => this.#placeOf(value)), removed: [...removed] }
  }

  /** The store has answered anew: what is different; null: nothing. */
  replace(found: readonly JsonObject[]): WindowChange | null {
    const before = this.#byId
    const records: JsonObject[] = []
    const at: number[] = []
    const kept = new Set<string>()
    this.#records = found.map((value, index) => {
      const known = before.get(idOf(value))
      if (known !== undefined && isEqualJson(known, value)) {
        kept.add(idOf(value))
        return known
      }
      records.push(value)
      at.push(index)
      return value
    })
    this.#byId = new Map(this.#records.map((value) => [idOf(value), value]))
    const removed = [...before.keys()].filter((id) => !kept.has(id))
    return records.length + removed.length === 0 ? null : { records, at, removed }
  }

  /** True if a record belongs to what the result covers: for a full window up to its last record, else all that the query finds. */
  #holds(value: JsonObject | null): value is JsonObject {
    const last = this.#records.length < this.plan.limit ? undefined : this.#records.at(-1)
    if (value === null || !isMatch(value, this.plan.where) || !isBehind(this.plan, value)) return false
    return last === undefined || compareInPlan(this.plan, value, last) <= 0
  }

  /** Where a record is or would be. */
  #placeOf(value: JsonObject): number {
    return lowerBound(this.#records, (record) => compareInPlan(this.plan, record, value) < 0)
  }
}

function idOf(value: JsonObject): string {
  return value['id'] as string
}
