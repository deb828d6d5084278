import { getField, type JsonObject } from '../json.ts'
import type { RecordVersion } from '../record-version.ts'
import { LIMITS } from '../limits.ts'
import { checkPatch, type Patch } from '../patch.ts'
import { checkObject } from '../values/check-value.ts'
import { parseCollectionName, parseRandomId, parseRecordId, parseRecordVersion, parseUuid } from './ids.ts'
import { ParseFault, parseArray, parseBoolean, parseInteger, parseObject, parseOneOf, parseOptional } from './parse.ts'

/** What all operations name: the record, and the state of it on which the operation was made. */
export interface OpTarget {
  readonly collection: string
  readonly id: string
  /** The version on which it was made; null: the record must not exist. */
  readonly base: RecordVersion | null
  /**
   * The mutation on whose result this operation was made, if there is one. Where the record's current version is that result, and the
   * result was exactly what the author saw, there is no conflict, whatever `base` says: a replayed chain does not conflict with itself.
   */
  readonly baseMutation?: string
}

/** One operation on one record. `patch` carries a {@link Patch}; `insert` and `put` the whole record, `id` included. */
export type Op =
  | (OpTarget & { readonly op: 'insert' | 'put'; readonly value: JsonObject })
  | (OpTarget & Patch & { readonly op: 'patch' })
  | (OpTarget & {
      readonly op: 'delete'
      /**
       * The mutations that had made the record, as the partner said when it accepted the deletion
       * (`OutcomeVersion.mutations`): its author has seen the results of all of them. Sent when it
       * is replayed; it is no part of what the deletion wants.
       */
      readonly mutations?: readonly string[]
    })

/**
 * Where and when a mutation was made; no two that an initiator makes have the same one, unless the initiator was cloned or set back. It
 * stays with the mutation for ever, whatever the initiator becomes, so that the partner can tell a mutation that it answered before, and
 * has forgotten, from one that was never sent.
 */
export interface MutationOrigin {
  /** The partnership that the initiator had when it made the mutation; before its first reply: its replica. */
  readonly id: string
  /** Grows with each mutation of the initiator's database. */
  readonly number: number
}

/** One atomic local intention, of one or many records. */
export interface Mutation {
  /** UUID, lower case; used once for ever. */
  readonly mutationId: string
  /** Position in the outbox; grows with each mutation of one replica. */
  readonly order: number
  /** Missing: the mutation's own id stands for it, and the partner keeps a row of it for ever, where of an origin it keeps ranges. */
  readonly origin?: MutationOrigin
  /** See {@link MutationFrame.late}. */
  readonly late?: boolean
  readonly ops: readonly Op[]
}

/**
 * A mutation as the partner takes it in: the frame is checked (a malformed frame is a 400), the values are not yet, since a fault of
 * one mutation must never hold up the others: it is an outcome.
 */
export interface MutationFrame {
  readonly mutationId: string
  readonly order: number
  readonly origin: MutationOrigin
  /**
   * True: its author has written since, and what was written since may have been here first (it was found late, in a database that was
   * replaced). It has an effect only where the record is as it was made on: nothing is merged, whatever the collection's policy. Default: false.
   */
  readonly late?: boolean
  /** Unchecked; {@link parseOps} checks them. */
  readonly ops: unknown
}

const OPS = ['insert', 'put', 'patch', 'delete'] as const

/** Checks the frame of a mutation. */
export function parseMutationFrame(input: unknown, path: string): MutationFrame {
  const mutation = parseObject(input, path)
  const mutationId = parseUuid(mutation['mutationId'], `${path}/mutationId`)
  const late = parseOptional(mutation['late'], `${path}/late`, parseBoolean) === true
  return {
    mutationId,
    order: parseInteger(mutation['order'], `${path}/order`, 0),
    origin: parseOptional(mutation['origin'], `${path}/origin`, parseOrigin) ?? { id: mutationId, number: 0 },
    ...(late ? { late } : {}),
    ops: mutation['ops'],
  }
}

function parseOrigin(input: unknown, path: string): MutationOrigin {
  const { id, number } = parseObject(input, path)
  return { id: parseRandomId(id, `${path}/id`), number: parseInteger(number, `${path}/number`, 0) }
}

/** Checks a mutation's operations: names, ids, versions and the value domain. */
export function parseOps(input: unknown, path: string): Op[] {
  const ops = parseArray(input, path, LIMITS.opsPerMutation, parseOp)
  if (ops.length === 0) throw new ParseFault(path, 'must have at least one operation')
  return ops
}

/** The mutations that made a record. */
export function parseMutationIds(input: unknown, path: string): string[] {
  return parseArray(input, path, LIMITS.priorMutations, parseUuid)
}

function parseOp(input: unknown, path: string): Op {
  const fields = parseObject(input, path)
  const op = parseOneOf(fields['op'], `${path}/op`, OPS)
  const baseMutation = parseOptional(fields['baseMutation'], `${path}/baseMutation`, parseUuid)
  const target: OpTarget = {
    collection: parseCollectionName(fields['collection'], `${path}/collection`),
    id: parseRecordId(fields['id'], `${path}/id`),
    base: parseOptional(fields['base'], `${path}/base`, parseRecordVersion),
    ...(baseMutation === null ? {} : { baseMutation }),
  }
  if (op === 'delete') {
    const mutations = parseOptional(fields['mutations'], `${path}/mutations`, parseMutationIds)
    return { op, ...target, ...(mutations === null ? {} : { mutations }) }
  }
  if (op === 'patch') {
    const patch = checkPatch(target.id, fields['value'], fields['removed'])
    if (!patch.ok) throw new ParseFault(`${path}/value${patch.path}`, patch.message)
    return { op, ...target, ...patch.value }
  }
  const value = checkObject(fields['value'])
  if (!value.ok) throw new ParseFault(`${path}/value${value.path}`, value.message)
  if (getField(value.value, 'id') !== target.id)
    throw new ParseFault(`${path}/value/id`, 'must be the id of the record')
  return { op, ...target, value: value.value }
}
