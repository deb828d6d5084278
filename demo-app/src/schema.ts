/** The records of the demo: shared by page, worker, service worker and server, so that all of them judge alike. */
import { collection, defineSchema } from 'web-sync/schema'
import { record, integer, number, optional, text } from './validators.ts'

/** A place of the GeoNames data; read by everyone, written by the import only. */
export interface Place {
  readonly id: string
  readonly name: string
  /** `name` folded for sorting and searching: lower case, without accents. See {@link foldName}. */
  readonly sort: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  readonly population: number
  /** Degrees, north and east positive. */
  readonly lat: number
  readonly lon: number
}

/** What somebody of the team wrote about a place. */
export interface Note {
  readonly id: string
  readonly placeId: string
  /** The place's name at the time of writing, so that lists of notes need no second look-up. */
  readonly placeName: string
  readonly text: string
  /** Account that wrote it. */
  readonly author: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly editedAt?: number
  readonly editedBy?: string
}

/** Somebody was there. */
export interface Visit {
  readonly id: string
  readonly placeId: string
  readonly placeName: string
  readonly author: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Longest text of a note, in UTF-16 units. */
export const MAX_NOTE_LENGTH = 2_000

/** A note that contains this word is refused by the partner (and by it alone): so one can see what a refusal looks like. */
export const REFUSED_WORD = 'forbidden'

/** The space with all places; everyone reads it, nobody writes it. */
export const PLACES_SPACE = 'places'

/** Where the two partners of the demo listen: one each, so that the team's can be set back without touching the places. */
export const ENDPOINTS = { places: '/sync/places', team: '/sync/team' } as const

const place = record<Place>({
  id: text(32),
  name: text(200),
  sort: text(200),
  country: text(2),
  population: integer(0, 100_000_000),
  lat: number(-90, 90),
  lon: number(-180, 180),
})

const note = record<Note>({
  id: text(64),
  placeId: text(32),
  placeName: text(200),
  text: text(MAX_NOTE_LENGTH),
  author: text(64),
  createdAt: integer(0, Number.MAX_SAFE_INTEGER),
  editedAt: optional(integer(0, Number.MAX_SAFE_INTEGER)),
  editedBy: optional(text(64)),
})

const visit = record<Visit>({
  id: text(64),
  placeId: text(32),
  placeName: text(200),
  author: text(64),
  at: integer(0, Number.MAX_SAFE_INTEGER),
})

/** The schema of the demo. */
export const schema = defineSchema({
  app: 'places',
  version: 1,
  collections: {
    places: collection<Place>(place, { indexes: { byName: ['sort'], byPopulation: ['population'] } }),
    notes: collection<Note>(note, {
      indexes: { byPlace: ['placeId', 'createdAt'], byTime: ['createdAt'] },
      conflict: 'merge',
    }),
    visits: collection<Visit>(visit, { indexes: { byPlace: ['placeId', 'at'] } }),
  },
})

/** Lower case and without accents, so that `sao` finds São Paulo. */
export function foldName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
}
