import { expect, test } from 'vitest'
import { scriptFetch } from './scripted-fetch.ts'

const URL = 'http://partner.test/sync'

async function answerAsPartner(): Promise<Response> {
  return new Response('partner')
}

/** A network to a target that answers with how many requests it has had, and the way there. */
function createNetwork(): {
  readonly network: ReturnType<typeof scriptFetch>
  readonly arrived: string[]
  readonly ask: (name: string) => Promise<string>
} {
  const arrived: string[] = []
  const target = async (_url: string, init: RequestInit): Promise<Response> => {
    const { name } = JSON.parse(init.body as string) as { readonly name: string }
    arrived.push(name)
    return new Response(`${name} ${arrived.length}`)
  }
  const network = scriptFetch(target)
  const ask = async (name: string): Promise<string> => {
    const response = await network.fetch(URL, { method: 'POST', body: JSON.stringify({ name }) })
    return response.text()
  }
  return { network, arrived, ask }
}

test('steps are taken in their order, and without any left asks pass', async () => {
  const { network, arrived, ask } = createNetwork()
  network.play('lose-request', 'lose-response')
  await expect(ask('a')).rejects.toThrow('lost the request')
  expect(arrived).toEqual([])
  await expect(ask('b')).rejects.toThrow('lost the response')
  expect(arrived).toEqual(['b'])
  expect(network.left).toBe(0)
  expect(await ask('c')).toBe('c 2')
})

test('a repeated ask arrives twice, and the second answer is heard', async () => {
  const { network, arrived, ask } = createNetwork()
  network.play('repeat')
  expect(await ask('a')).toBe('a 2')
  expect(arrived).toEqual(['a', 'a'])
})

test('held answers are overtaken, and arrive in reverse order', async () => {
  const { network, ask } = createNetwork()
  const heard: string[] = []
  network.play('hold', 'hold')
  const hear = async (name: string): Promise<void> => void heard.push(await ask(name))
  const slow = [hear('a'), hear('b')]
  await hear('c')
  expect(heard).toEqual(['c 3'])
  network.release()
  await Promise.all(slow)
  expect(heard).toEqual(['c 3', 'b 2', 'a 1'])
})

test('something else can answer, and asks that are not concerned take no step', async () => {
  const network = scriptFetch(answerAsPartner, { concerns: ({ mutations }) => mutations.length > 0 })
  network.play({ respond: () => new Response('captive portal') })
  const send = async (mutations: readonly string[]): Promise<string> =>
    (await network.fetch(URL, { method: 'POST', body: JSON.stringify({ mutations }) })).text()
  expect(await send([])).toBe('partner')
  expect(await send(['one'])).toBe('captive portal')
})
