import { describe, expect, it } from 'vitest'
import { commitSeed } from './commit-seed.ts'

describe('the seed of a commit', () => {
  it('is the same for the same commit, and another one for another', () => {
    const first = commitSeed(() => `${'0123456789'.repeat(4)}\n`)
    expect(first).toEqual({ seed: 0x0123456, origin: 'commit 012345678901' })
    expect(commitSeed(() => 'fedcba98'.repeat(5)).seed).toBe(0xfedcba9)
  })

  it.each([
    [
      'git is missing',
      () => {
        throw new Error('spawn git ENOENT')
      },
    ],
    ['there is no repository', () => ''],
    ['git says something else', () => 'HEAD'],
  ])('is fixed, and says so, where %s', (_why, readCommit) => {
    expect(commitSeed(readCommit)).toEqual({ seed: 4_711, origin: 'fixed, for there is no commit' })
  })
})
