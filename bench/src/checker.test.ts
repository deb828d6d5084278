import { describe, expect, test } from 'vitest'
import { type Place, changePlace, mostPopulous } from '../shared/place.ts'
import { compareAll, compareCount, compareQuery, pickPlaces } from './checker.ts'

const places: readonly Place[] = Array.from({ length: 300 }, (_, index) => ({
  id: `p${index}`,
  name: `Place ${index}`,
  altName: '',
  country: 'NO',
  featureCode: 'PPL',
  adminCode: '1',
  // In pairs, as in the real data: equal populations have no order.
  population: Math.floor(index / 2) * 10,
  lat: index / 10,
  lon: -index / 10,
}))
const placeById = new Map(places.map((place) => [place.id, place]))
const answer = mostPopulous(places)

describe('a contestant that cheats fails', () => {
  test('with a record left out, or one too many', () => {
    expect(compareCount(300, 299)).toContain('299')
    expect(compareCount(300, 300)).toBeNull()
  })
  test('with a record that is missing, or in its state from before the write', () => {
    const written = places.map((place) => changePlace(place, 'now'))
    expect(compareAll(written, written)).toBeNull()
    expect(compareAll(written, [...written.slice(0, -1), undefined])).toContain('p299')
    expect(compareAll(written, [...written.slice(0, -1), places.at(-1)])).toContain('p299')
  })
  test('with a query that answers with other records, with fewer, or with invented ones', () => {
    expect(compareQuery(answer, answer, placeById)).toBeNull()
    expect(compareQuery(answer, places.slice(0, answer.length), placeById)).not.toBeNull()
    expect(compareQuery(answer, answer.slice(1), placeById)).not.toBeNull()
    const invented = answer.map((place) => ({ ...place, name: 'anything' }))
    expect(compareQuery(answer, invented, placeById)).not.toBeNull()
  })
})

test('records of equal population may stand in any order, and a library may add fields of its own', () => {
  const swapped = [...answer]
  // `!`: there are 100.
  ;[swapped[0], swapped[1]] = [swapped[1]!, swapped[0]!]
  expect(compareQuery(answer, swapped, placeById)).toBeNull()
  expect(
    compareAll(
      places,
      places.map((place) => ({ ...place, _rev: '1-a' })),
    ),
  ).toBeNull()
})

test('each session looks at other records, spread over the whole set', () => {
  const first = pickPlaces(places, 1)
  const second = pickPlaces(places, 2)
  expect(first).toHaveLength(20)
  expect(second).not.toEqual(first)
  expect(places.indexOf(first.at(-1) ?? places[0]!)).toBeGreaterThan(places.length / 2)
})
