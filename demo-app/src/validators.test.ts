import { findRecordFault } from 'web-sync-protocol'
import { describe, expect, it } from 'vitest'
import { MAX_NOTE_LENGTH, foldName, schema } from './schema.ts'

const note = { id: 'n1', placeId: '1', placeName: 'Vienna', text: 'Herons.', author: 'ada', createdAt: 1 }
const { validator } = schema.collections.notes

describe('the records of the demo', () => {
  it('a whole note passes, with and without the fields of an edit', () => {
    expect(findRecordFault(validator, note)).toBeNull()
    expect(findRecordFault(validator, { ...note, editedAt: 2, editedBy: 'ben' })).toBeNull()
  })

  it('a fault is named with its field', () => {
    expect(findRecordFault(validator, { ...note, text: '' })?.path).toBe('/text')
    expect(findRecordFault(validator, { ...note, text: 'x'.repeat(MAX_NOTE_LENGTH + 1) })?.path).toBe('/text')
    expect(findRecordFault(validator, { ...note, createdAt: 1.5 })?.path).toBe('/createdAt')
    expect(findRecordFault(validator, { ...note, colour: 'red' })?.path).toBe('/colour')
  })

  it('a place lies on the earth', () => {
    const place = { id: '1', name: 'Vienna', sort: 'vienna', country: 'AT', population: 1, lat: 48.2, lon: 16.4 }
    expect(findRecordFault(schema.collections.places.validator, place)).toBeNull()
    expect(findRecordFault(schema.collections.places.validator, { ...place, lat: 91 })?.path).toBe('/lat')
  })

  it('a search finds names whatever their accents and capitals', () => {
    expect(foldName('São Paulo')).toBe('sao paulo')
    expect(foldName('Łódź'.normalize('NFC'))).toBe('łodz')
  })
})
