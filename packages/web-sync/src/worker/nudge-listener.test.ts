import type { Nudge } from 'web-sync-protocol'
import { afterEach, expect, test } from 'vitest'
import { openLock } from '../platform/index.ts'
import { NudgeListener, type NudgeSubscriber } from './nudge-listener.ts'

const hex = (digit: string): string => digit.repeat(32)
const listeners: NudgeListener[] = []
let count = 0

afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close()
})

/** The partner's end of the streams, by hand. */
class Streams {
  readonly urls: string[] = []
  #send: (nudge: Nudge) => void = () => undefined
  #isWaitedFor: (() => void) | null = null

  async fetch(url: string): Promise<Response> {
    this.urls.push(url)
    const encoder = new TextEncoder()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#send = (nudge) => controller.enqueue(encoder.encode(`data: ${JSON.stringify(nudge)}\n\n`))
      },
    })
    this.#isWaitedFor?.()
    return new Response(body, { headers: { 'web-sync-protocol': '1' } })
  }

  async opened(): Promise<void> {
    await new Promise<void>((resolve) => (this.#isWaitedFor = resolve))
  }

  send(nudge: Nudge): void {
    this.#send(nudge)
  }
}

function startTab(streams: Streams): NudgeListener {
  const listener = new NudgeListener({
    app: 'test',
    endpoint: `http://app.test/${count}`,
    account: 'ann',
    credentials: 'same-origin',
    fetch: (url) => streams.fetch(url),
    lock: openLock(navigator),
    random: { id: () => '', fraction: () => 0 },
  })
  listeners.push(listener)
  return listener
}

/** A space that waits for one nudge. */
function subscribe(listener: NudgeListener, partnershipId: string): Promise<{ nudge: Nudge; isForwarded: boolean }> {
  return new Promise((resolve) => {
    const subscriber: NudgeSubscriber = {
      partnershipId: () => partnershipId,
      auth: null,
      onNudge: (nudge, isForwarded) => resolve({ nudge, isForwarded }),
      onOpen: () => undefined,
    }
    listener.add(subscriber)
  })
}

test('the tabs of a browser share one stream, and each hears of its spaces', async () => {
  count += 1
  const streams = new Streams()
  const first = startTab(streams)
  const here = subscribe(first, hex('1'))
  const second = startTab(streams)
  const there = subscribe(second, hex('2'))
  await streams.opened()
  expect(streams.urls).toEqual([`http://app.test/${count}/events?partnership=${hex('1')}&partnership=${hex('2')}`])
  const nudge = { partnershipId: hex('2'), key: null, spreadMs: 0 }
  streams.send(nudge)
  expect(await here).toEqual({ nudge, isForwarded: false })
  expect(await there).toEqual({ nudge, isForwarded: true })
})

test('when the tab with the stream closes, another one takes over', async () => {
  count += 1
  const streams = new Streams()
  const first = startTab(streams)
  void subscribe(first, hex('1'))
  await streams.opened()
  const second = startTab(streams)
  const there = subscribe(second, hex('2'))
  await streams.opened()
  const isReopened = streams.opened()
  first.close()
  await isReopened
  expect(streams.urls.at(-1)).toBe(`http://app.test/${count}/events?partnership=${hex('2')}`)
  const nudge = { partnershipId: hex('2'), key: { n: 3, tag: hex('a') }, spreadMs: 50 }
  streams.send(nudge)
  expect(await there).toEqual({ nudge, isForwarded: false })
})
