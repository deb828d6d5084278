import { describe, expect, it } from 'vitest'
import { type Move, orders } from './orders.ts'

/** All different orders of the bag, without any reduction. */
function allOrders(bag: readonly Move[]): (readonly Move[])[] {
  if (bag.length === 0) return [[]]
  return [...new Set(bag)].flatMap((move) =>
    allOrders(bag.toSpliced(bag.indexOf(move), 1)).map((rest) => [move, ...rest]),
  )
}

describe('the orders of the small scope', () => {
  it('are all of them where no two moves may change places', () => {
    const bag: readonly Move[] = ['write one', 'sync one', 'kill one']
    expect([...orders(bag)]).toHaveLength(6)
  })

  it('leave out only what a left-in order reaches by exchanging neighbours that touch nothing in common', () => {
    const bag: readonly Move[] = ['write one', 'write other', 'lose response', 'restore', 'sync one', 'sync other']
    const kept = [...orders(bag)]
    const free = new Set(
      ['write one', 'write other', 'lose response', 'restore', 'sync one', 'sync other'].flatMap((one) =>
        ['write one', 'write other', 'lose response', 'restore', 'sync one', 'sync other']
          .filter((other) => [...orders([one as Move, other as Move])].length === 1 && one !== other)
          .map((other) => `${one} ${other}`),
      ),
    )
    const reached = new Set(kept.map((order) => order.join()))
    const waiting = [...kept]
    for (let order = waiting.pop(); order !== undefined; order = waiting.pop()) {
      for (let index = 0; index + 1 < order.length; index += 1) {
        const [one, other] = [order[index] as Move, order[index + 1] as Move]
        if (!free.has(`${one} ${other}`)) continue
        const exchanged = order.with(index, other).with(index + 1, one)
        if (reached.has(exchanged.join())) continue
        reached.add(exchanged.join())
        waiting.push(exchanged)
      }
    }
    expect(kept.length).toBeLessThan(720)
    expect(reached).toEqual(new Set(allOrders(bag).map((order) => order.join())))
  })
})
