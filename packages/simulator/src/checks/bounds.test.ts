import { expect, it } from 'vitest'
import { World } from '../world.ts'
import { checkBounds } from './bounds.ts'

it('a hostile ask costs the partner no more than its size and its limit allow', { timeout: 60_000 }, async () => {
  const world = await World.begin(1, [], 2)
  await checkBounds(world, true)
  expect(world.story.failures).toEqual([])
  expect(world.story.countOf('checked: L7 asks answered')).toBeGreaterThan(8)
  expect(world.story.countOf('checked: L7 asks refused')).toBeGreaterThan(4)
})
