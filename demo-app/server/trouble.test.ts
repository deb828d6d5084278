import { describe, expect, it } from 'vitest'
import { NO_TROUBLE, decideFate, parseTrouble } from './trouble.ts'

describe('trouble to order', () => {
  it('without an order everything passes', () => {
    expect(decideFate(NO_TROUBLE, true)).toEqual({ fate: { type: 'pass' }, next: NO_TROUBLE })
  })

  it('so many replies are thrown away as were ordered, then all pass again', () => {
    const first = decideFate({ ...NO_TROUBLE, dropReplies: 2 }, true)
    const second = decideFate(first.next, true)
    const third = decideFate(second.next, true)
    expect([first.fate.type, second.fate.type, third.fate.type]).toEqual(['drop-reply', 'drop-reply', 'pass'])
  })

  it('only exchanges of the team use up an order; a cut concerns nudge streams too', () => {
    expect(decideFate({ ...NO_TROUBLE, dropReplies: 1 }, false).next.dropReplies).toBe(1)
    expect(decideFate({ ...NO_TROUBLE, isCut: true }, false).fate).toEqual({ type: 'refuse' })
  })

  it('a fault is answered as often as was ordered', () => {
    const first = decideFate({ ...NO_TROUBLE, answer: { status: 503, times: 1 } }, true)
    expect(first).toEqual({ fate: { type: 'answer', status: 503 }, next: NO_TROUBLE })
  })

  it('nonsense is no order, and changes nothing', () => {
    for (const nonsense of [
      null,
      'cut',
      { isCut: 1 },
      { dropReplies: -1 },
      { answer: { status: 200, times: 1 } },
      { revoked: [1] },
    ]) {
      expect(parseTrouble(nonsense, NO_TROUBLE)).toBeNull()
    }
    expect(parseTrouble({ isCut: true }, NO_TROUBLE)).toEqual({ ...NO_TROUBLE, isCut: true })
    expect(parseTrouble({ answer: null }, { ...NO_TROUBLE, answer: { status: 401, times: 3 } })).toEqual(NO_TROUBLE)
  })
})
