import type { CheckpointName } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import { crashClaims, lastCase, put } from './testing/crash-claims.fixture.ts'
import { mutationOf, type ScriptedInitiator } from './testing/scripted-initiator.ts'
import { DUMPED_STORAGES } from './testing/storage-dump.fixture.ts'
import { sqlitePartner, tempFile } from './testing/test-partner.fixture.ts'

const numberOf = ({ key }: ScriptedInitiator): number => (key as CheckpointName).n

describe.each(DUMPED_STORAGES)('a partner on %s that fails', (_name, create) => {
  crashClaims(create)
})

test('12: a partner that is killed between commit and response: after its restart the next exchange converges, with the same n', async () => {
  const path = tempFile()
  const first = sqlitePartner(path)
  const ann = first.initiator()
  await ann.sync()
  await ann.sync([mutationOf(put('a', '1'))])
  const n = numberOf(ann)
  const write = mutationOf(put('b', '2'))
  // The request arrives and is committed; nothing of the response does, and the process is gone.
  const response = await first.partner.fetch(ann.request(JSON.stringify(ann.compose([write]))))
  await response.body?.cancel()
  await first.partner.close()
  const second = sqlitePartner(path)
  const after = ann.copy({ fetch: (request) => second.partner.fetch(request) })
  const [page] = await after.sync([write])
  expect(lastCase(second)).toBe('K2')
  expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: true }])
  expect(page?.key.n).toBe(n + 1)
  expect(after.records.size).toBe(2)
  expect((await second.partner.inspect('s1')).head).toBe(2)
  await after.sync()
  expect(lastCase(second)).toBe('K1')
})
