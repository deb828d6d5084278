import { describe, expect, it } from 'vitest'
import {
  collection,
  defineSchema,
  findRecordFault,
  isCollectionName,
  type Schema,
  schemaToShape,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
} from './schema.ts'

interface Note {
  readonly id: string
  readonly title: string
}

function validatorOf(result: StandardResult<Note> | Promise<StandardResult<Note>>): StandardSchema<Note> {
  return { '~standard': { version: 1, vendor: 'test', validate: () => result } }
}

function issues(...list: StandardIssue[]): StandardSchema<Note> {
  return validatorOf({ issues: list })
}

describe('a schema', () => {
  it('becomes plain data that survives a worker border', () => {
    const schema = defineSchema({
      app: 'test',
      version: 3,
      collections: {
        visits: collection<Note>(null, { conflict: 'partnerWins' }),
        notes: collection<Note>(validatorOf({ value: { id: 'a', title: '' } }), { indexes: { byTitle: ['title'] } }),
        places: collection<Note>(null, { conflict: ({ current }) => current }),
      },
    })
    const shape = schemaToShape(schema)
    expect(structuredClone(shape)).toEqual({
      app: 'test',
      version: 3,
      collections: [
        { name: 'notes', indexes: { byTitle: ['title'] }, putsTravelAsPatch: true },
        { name: 'places', indexes: {}, putsTravelAsPatch: false },
        { name: 'visits', indexes: {}, putsTravelAsPatch: false },
      ],
    })
  })

  it.each([
    ['no app', { version: 1, collections: { notes: collection<Note>(null) } }],
    ['an app that is too long', { app: 'x'.repeat(65), version: 1, collections: { notes: collection<Note>(null) } }],
    ['an app with a slash', { app: 'a/b', version: 1, collections: { notes: collection<Note>(null) } }],
    ['version 0', { app: 'test', version: 0, collections: { notes: collection<Note>(null) } }],
    ['version 1.5', { app: 'test', version: 1.5, collections: { notes: collection<Note>(null) } }],
    ['no collections', { app: 'test', version: 1, collections: {} }],
    ['a name with a slash', { app: 'test', version: 1, collections: { 'a/b': collection<Note>(null) } }],
    [
      'the name __proto__',
      { app: 'test', version: 1, collections: Object.fromEntries([['__proto__', collection<Note>(null)]]) },
    ],
    [
      'an index without fields',
      { app: 'test', version: 1, collections: { notes: collection<Note>(null, { indexes: { byTitle: [] } }) } },
    ],
    [
      'too many collections',
      {
        app: 'test',
        version: 1,
        collections: Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`c${n}`, collection<Note>(null)])),
      },
    ],
  ])('with %s is refused at once', (_, schema) => {
    expect(() => defineSchema(schema as Schema)).toThrow(/^defineSchema: /)
  })

  it('names collections by a letter, then letters, digits, _ and -, at most 64', () => {
    for (const name of ['a', 'Notes', 'field-notes_2', 'x'.repeat(64)]) expect(isCollectionName(name)).toBe(true)
    for (const name of ['', '1a', '_a', 'ä', 'a b', 'x'.repeat(65), null, 1]) expect(isCollectionName(name)).toBe(false)
  })
})

describe('a validator', () => {
  it('is asked for its first complaint, with a JSON pointer', () => {
    const complaint = { message: 'too short', path: ['tags', 0, { key: 'a/b~c' }] }
    expect(findRecordFault(issues(complaint, { message: 'other' }), { id: 'a' })).toEqual({
      path: '/tags/0/a~1b~0c',
      message: 'too short',
    })
    expect(findRecordFault(issues({ message: 'wrong' }), { id: 'a' })).toEqual({ path: '', message: 'wrong' })
  })

  it('that refuses without saying why has refused all the same', () => {
    expect(findRecordFault(issues(), { id: 'a' })).toEqual({ path: '', message: 'is not a valid record' })
  })

  it('that is content, or not there, has no complaint', () => {
    expect(findRecordFault(validatorOf({ value: { id: 'a', title: '' } }), { id: 'a' })).toBeNull()
    expect(findRecordFault(null, { id: 'a' })).toBeNull()
  })

  it('that answers later is a fault of the program', () => {
    expect(() => findRecordFault(validatorOf(Promise.resolve({ value: { id: 'a', title: '' } })), { id: 'a' })).toThrow(
      TypeError,
    )
  })
})
