import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@playwright/test'
import { pinnedNode, root } from '../scripts/workspace.mjs'

/** The part of the result that this test looks at. */
interface Result {
  readonly samples: readonly { readonly contestant: string; readonly measure: string; readonly value: number }[]
  readonly checks: readonly { readonly hasPassed: boolean }[]
}

const measuresAll = 'the bench measures every workload of web-sync and of the packed limit, and its checks pass'

// The bench drives a Chromium of its own: in another project it would be the same once more.
test(measuresAll, { tag: '@chromium' }, async () => {
  test.slow()
  const program = ['--conditions=source', '--disable-warning=ExperimentalWarning', 'bench/src/main.ts']
  const options = ['--quick', '--contestants', 'ours,packed', '--sizes', '1000', '--json']
  // It exits with 1, and this rejects, if a check failed or a session broke.
  const { stdout } = await promisify(execFile)(pinnedNode, [...program, ...options], { cwd: root })
  const { samples, checks } = JSON.parse(stdout) as Result
  for (const contestant of ['ours', 'packed']) {
    const own = samples.filter((sample) => sample.contestant === contestant)
    const workloads = new Set(own.map(({ measure }) => measure.slice(0, 2)))
    expect([...workloads].toSorted()).toEqual(expect.arrayContaining(['W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'W8']))
    expect(own.every(({ value }) => Number.isFinite(value) && value >= 0)).toBe(true)
  }
  expect(checks.length).toBeGreaterThan(0)
  expect(checks.every(({ hasPassed }) => hasPassed)).toBe(true)
})
