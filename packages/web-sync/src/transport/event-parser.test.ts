import { expect, test } from 'vitest'
import { EventParser } from './event-parser.ts'

const STREAM =
  ': hello\n\ndata: one\n\nevent: nudge\ndata:two\ndata: lines\nid: 7\n\n\ndata: 🌍\r\n\r\ndata: three\r\rdata: unfinished\n'

test('events are read whole, comments and other fields are skipped', () => {
  expect(new EventParser().feed(STREAM)).toEqual(['one', 'two\nlines', '🌍', 'three'])
})

test('wherever the stream is cut into parts, the events are the same', () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const parser = new EventParser()
    expect([...parser.feed(STREAM.slice(0, cut)), ...parser.feed(STREAM.slice(cut))]).toHaveLength(4)
  }
})

test('comments without end are no event without end', () => {
  const parser = new EventParser()
  const events = Array.from({ length: 20_000 }, () => parser.feed(': ping\n\n')).flat()
  expect(events).toEqual([])
})

test('an event without end is an error, not a full memory', () => {
  const parser = new EventParser()
  expect(() => parser.feed(`data: ${'x'.repeat(100_000)}`)).toThrow(RangeError)
})
