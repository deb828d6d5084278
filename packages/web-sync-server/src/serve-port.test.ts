import { describe, expect, onTestFinished, test } from 'vitest'
import { createPartner, memoryStorage, type PortAnswer, servePort } from './browser.ts'
import { mutationOf, ScriptedInitiator } from './testing/scripted-initiator.ts'
import { testSchema } from './testing/test-partner.fixture.ts'

const open = () => {
  const partner = createPartner({
    schema: testSchema,
    storage: memoryStorage(),
    authenticate: (request) => ({ account: request.headers.get('authorization') ?? 'nobody' }),
    authorize: () => 'write',
  })
  const { port1, port2 } = new MessageChannel()
  const stop = servePort(port1, partner)
  onTestFinished(async () => {
    stop()
    port1.close()
    port2.close()
    await partner.close()
  })
  const answers: PortAnswer[] = []
  const waiting = new Map<string, (answer: PortAnswer) => void>()
  port2.start()
  port2.addEventListener('message', ({ data }) => {
    const answer = data as PortAnswer
    answers.push(answer)
    waiting.get(answer.id)?.(answer)
  })
  /** What a client's port transport does: a request as a message, the answer from messages. */
  const fetch = async (request: Request): Promise<Response> => {
    const id = crypto.randomUUID()
    const body = await request.text()
    const headers = Object.fromEntries(request.headers)
    return new Promise((resolve) => {
      const chunks: Uint8Array[] = []
      let status = 0
      let answered: Readonly<Record<string, string>> = {}
      waiting.set(id, (answer) => {
        if ('status' in answer) ({ status, headers: answered } = answer)
        else if ('chunk' in answer) chunks.push(answer.chunk)
        else resolve(new Response(Buffer.concat(chunks), { status, headers: answered }))
      })
      port2.postMessage({ id, request: { method: request.method, url: request.url, headers, body } })
    })
  }
  return { partner, fetch, port2, answers }
}

describe('a partner behind a MessagePort', () => {
  test('two initiators sync through it: keys are sent and received as over the network', async () => {
    const { fetch } = open()
    const [ann, bob] = ['ann', 'bob'].map((account) => new ScriptedInitiator({ fetch, account, space: 's1' }))
    if (ann === undefined || bob === undefined) throw new Error('there are two')
    await ann.sync()
    await bob.sync()
    await ann.sync([mutationOf({ op: 'insert', collection: 'notes', id: 'a', base: null, value: { id: 'a' } })])
    await bob.sync()
    expect(bob.records).toEqual(ann.records)
    expect(ann.key).toMatchObject({ n: 2 })
  })

  test('a cancelled request ends without the rest of its pages, and what is no message of ours is ignored', async () => {
    const { partner, fetch, port2, answers } = open()
    await partner.importRecords(
      's1',
      'notes',
      Array.from({ length: 300 }, (_, index) => ({ id: `n${index}` })),
    )
    const ann = new ScriptedInitiator({ fetch, account: 'ann', space: 's1' })
    const request = ann.request(JSON.stringify(ann.compose([], { limit: { changes: 1, bytes: 1, pages: 1_000 } })))
    const { method, url } = request
    for (const noise of [null, 5, {}, { id: 5 }, { id: 'x', request: 'no' }]) port2.postMessage(noise)
    const id = 'one'
    port2.postMessage({
      id,
      request: { method, url, headers: Object.fromEntries(request.headers), body: await request.text() },
    })
    await expect.poll(() => answers.some((answer) => 'chunk' in answer)).toBe(true)
    port2.postMessage({ id, cancel: true })
    await expect.poll(() => answers.some((answer) => 'end' in answer)).toBe(true)
    expect(answers.filter((answer) => 'chunk' in answer).length).toBeLessThan(300)
    await ann.sync()
    expect(ann.records.size).toBe(300)
  })
})
