import { expect, test } from 'vitest'
import { type Check, type Sample, withoutFailed } from './sample.ts'

const sample: Sample = { contestant: 'yjs', records: 1_000, session: 1, measure: 'W2 reload to 100 rows', value: 80 }
const failed: Check = {
  contestant: 'yjs',
  records: 1_000,
  session: 2,
  workload: 'W2: count',
  hasPassed: false,
  detail: '0 records, not 1000',
}

test('one failed check of a workload takes away all its figures of that contestant and size', () => {
  expect(withoutFailed([sample, { ...sample, measure: 'W2 restart to 100 rows' }], [failed])).toEqual([])
})

test('figures of other workloads, sizes and contestants stay, and so do those whose checks passed', () => {
  const others: Sample[] = [
    { ...sample, measure: 'W1 first sync' },
    { ...sample, records: 10_000 },
    { ...sample, contestant: 'dexie' },
  ]
  expect(withoutFailed(others, [failed])).toEqual(others)
  expect(withoutFailed([sample], [{ ...failed, hasPassed: true }])).toEqual([sample])
})
