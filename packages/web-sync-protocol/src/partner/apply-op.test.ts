import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../json.ts'
import { LIMITS } from '../limits.ts'
import type { ConflictPolicy, ResolveConflict } from '../schema.ts'
import type { Op } from '../wire/mutation.ts'
import { applyOp, isSeen, type OpContext, type OpResult, type StoredRecord } from './apply-op.ts'

const MINE = '5-000000000000000a'
const OTHERS = '7-000000000000000b'
const MUTATION = '00000000-0000-4000-8000-000000000001'
const OTHER_MUTATION = '00000000-0000-4000-8000-000000000002'

const CURRENT: StoredRecord = {
  version: OTHERS,
  value: { id: 'a', title: 'theirs', note: 'kept' },
  mutationId: OTHER_MUTATION,
  unseen: null,
}
/** As the partner does: what was seen is found out first. */
function apply(op: Op, context: Omit<OpContext, 'isSeen'>): OpResult {
  return applyOp(op, { ...context, isSeen: context.current !== null && isSeen(op, context.current) })
}

const takeProposed: ResolveConflict = ({ proposed }) => proposed
const refuse: ResolveConflict = () => null

type Kind = 'insert' | 'put' | 'put as new' | 'patch' | 'delete'
type Situation = 'absent' | 'as based' | 'based on own' | 'changed' | 'changed long ago'
type Policy = ConflictPolicy | 'function' | 'refusing function'

function opOf(kind: Kind, situation: Situation): Op {
  const base = kind === 'insert' || kind === 'put as new' ? null : situation === 'as based' ? OTHERS : MINE
  const target = {
    collection: 'notes',
    id: 'a',
    base,
    ...(situation === 'based on own' ? { baseMutation: OTHER_MUTATION } : {}),
  }
  switch (kind) {
    case 'delete':
      return { op: 'delete', ...target }
    case 'patch':
      return { op: 'patch', ...target, value: { title: 'mine' } }
    case 'put as new':
      return { op: 'put', ...target, value: { id: 'a', title: 'mine' } }
    case 'insert':
    case 'put':
      return { op: kind, ...target, value: { id: 'a', title: 'mine' } }
  }
}

const POLICIES: Readonly<Record<Policy, ConflictPolicy | ResolveConflict>> = {
  merge: 'merge',
  partnerWins: 'partnerWins',
  initiatorWins: 'initiatorWins',
  function: takeProposed,
  'refusing function': refuse,
}

/** What stands in a cell: «put» and «merged» with whose fields, or the code of the conflict. */
type Expected = string

function summary(result: OpResult): Expected {
  if (result.type === 'conflict') return result.code
  if (result.type === 'nothing') return 'nothing'
  if (result.type === 'delete') return result.merged ? 'deleted, merged' : 'deleted'
  const hasBoth = result.value['note'] === 'kept'
  expect(result.value['id']).toBe('a')
  if (result.merged) return hasBoth ? 'merge of both' : 'overwritten'
  return hasBoth ? 'patched' : 'put'
}

const same = (expected: Expected): Readonly<Record<Policy, Expected>> => ({
  merge: expected,
  partnerWins: expected,
  initiatorWins: expected,
  function: expected,
  'refusing function': expected,
})

/** Written from docs/protocol.md section 7: situation → operation → policy. */
const TABLE: Readonly<Record<Situation, Readonly<Record<Kind, Readonly<Record<Policy, Expected>>>>>> = {
  absent: {
    insert: same('put'),
    'put as new': same('put'),
    put: same('record-deleted'),
    patch: same('record-deleted'),
    delete: same('nothing'),
  },
  'as based': {
    insert: same('record-exists'),
    'put as new': {
      ...same('record-exists'),
      partnerWins: 'record-changed',
      initiatorWins: 'overwritten',
      function: 'overwritten',
      'refusing function': 'record-changed',
    },
    put: same('put'),
    patch: same('patched'),
    delete: same('deleted'),
  },
  'based on own': {
    insert: same('record-exists'),
    'put as new': same('put'),
    put: same('put'),
    patch: same('patched'),
    delete: same('deleted'),
  },
  changed: {
    insert: same('record-exists'),
    'put as new': {
      ...same('record-exists'),
      partnerWins: 'record-changed',
      initiatorWins: 'overwritten',
      function: 'overwritten',
      'refusing function': 'record-changed',
    },
    put: { ...same('record-changed'), initiatorWins: 'overwritten', function: 'overwritten' },
    patch: { ...same('merge of both'), partnerWins: 'record-changed', 'refusing function': 'record-changed' },
    delete: { ...same('record-changed'), initiatorWins: 'deleted, merged' },
  },
  'changed long ago': {
    insert: same('record-exists'),
    'put as new': same('stale-base'),
    put: same('stale-base'),
    patch: same('stale-base'),
    delete: same('stale-base'),
  },
}

const CELLS = (Object.keys(TABLE) as Situation[]).flatMap((situation) =>
  (Object.keys(TABLE[situation]) as Kind[]).flatMap((kind) =>
    (Object.keys(POLICIES) as Policy[]).map((policy) => ({
      situation,
      kind,
      policy,
      expected: TABLE[situation][kind][policy],
    })),
  ),
)

function patchOf(value: JsonObject): Op {
  return { op: 'patch', collection: 'notes', id: 'a', base: MINE, value }
}

function applyPatch(record: StoredRecord, value: JsonObject): StoredRecord {
  const result = apply(patchOf(value), { current: record, policy: 'merge', isBaseTooOld: false })
  return result.type === 'put' ? { ...record, value: result.value } : record
}

const askedNull: ResolveConflict = ({ proposed }) => ({ ...proposed, asked: null })

function fields(prefix: string): JsonObject {
  return Object.fromEntries(Array.from({ length: LIMITS.nodes / 2 }, (_, index) => [`${prefix}${index}`, index]))
}

describe('the conflict table', () => {
  it.each(CELLS)('$situation: $kind under $policy is $expected', ({ situation, kind, policy, expected }) => {
    const result = apply(opOf(kind, situation), {
      current: situation === 'absent' ? null : CURRENT,
      policy: POLICIES[policy],
      isBaseTooOld: situation === 'changed long ago',
    })
    expect(summary(result)).toBe(expected)
  })

  it('nothing but a write that knew of the deletion brings a deleted record back', () => {
    for (const kind of ['put', 'patch'] as const) {
      for (const policy of Object.values(POLICIES)) {
        for (const isBaseTooOld of [false, true]) {
          expect(apply(opOf(kind, 'changed'), { current: null, policy, isBaseTooOld }).type).toBe('conflict')
        }
      }
    }
  })

  it('an own mutation of another time is no excuse: the version must be its result', () => {
    const op: Op = { op: 'delete', collection: 'notes', id: 'a', base: MINE, baseMutation: MUTATION }
    expect(apply(op, { current: CURRENT, policy: 'merge', isBaseTooOld: false }).type).toBe('conflict')
    const unknown = { ...CURRENT, mutationId: null }
    expect(apply(op, { current: unknown, policy: 'merge', isBaseTooOld: false }).type).toBe('conflict')
  })

  it('two patches of different fields commute under merge', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (left, right) => {
        const both = applyPatch(applyPatch(CURRENT, { title: left }), { extra: right })
        expect(applyPatch(applyPatch(CURRENT, { extra: right }), { title: left }).value).toEqual(both.value)
        expect(both.value).toEqual({ id: 'a', title: left, note: 'kept', extra: right })
      }),
    )
  })

  it('a null is a value like any other: it merges beside another’s change, and a conflict function sees it', () => {
    const set: Op = { ...patchOf({ note: null, deep: { a: null } }), removed: ['/title'] } as Op
    const after = { id: 'a', note: null, deep: { a: null } }
    const based = { policy: 'merge', isBaseTooOld: false } as const
    expect(apply({ ...set, base: OTHERS }, { current: CURRENT, ...based })).toMatchObject({
      value: after,
      merged: false,
    })
    expect(apply(set, { current: CURRENT, ...based })).toMatchObject({ value: after, merged: true })
    expect(apply(set, { current: CURRENT, policy: askedNull, isBaseTooOld: false })).toMatchObject({
      value: { ...after, asked: null },
    })
  })

  it('patches that together make a record no page can carry are a conflict, not a poisoned record', () => {
    const current = { ...CURRENT, value: { id: 'a', ...fields('x') } }
    const op: Op = { op: 'patch', collection: 'notes', id: 'a', base: OTHERS, value: fields('y') }
    expect(apply(op, { current, policy: 'merge', isBaseTooOld: false })).toMatchObject({
      type: 'conflict',
      code: 'too-large',
    })
  })

  it('a conflict function that returns another record, or no JSON, is a fault of the program', () => {
    const op = opOf('patch', 'changed')
    for (const wrong of [{ id: 'b' }, { id: 'a', when: Number.NaN }, {}]) {
      const policy: ResolveConflict = () => wrong
      expect(() => apply(op, { current: CURRENT, policy, isBaseTooOld: false })).toThrow(TypeError)
    }
  })
})
