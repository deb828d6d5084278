import { afterEach, expect, test } from 'vitest'
import { type ChannelMessage, type NoticeChannel, openNoticeChannel } from './notice-channel.ts'

const channels: NoticeChannel[] = []

afterEach(() => {
  for (const channel of channels.splice(0)) channel.close()
})

/** Opens a channel; the promise is what it hears first. */
function open(dbName: string): { readonly channel: NoticeChannel; readonly heard: Promise<ChannelMessage> } {
  let channel: NoticeChannel | null = null
  const heard = new Promise<ChannelMessage>((resolve) => {
    channel = openNoticeChannel(dbName, resolve)
  })
  const opened = channel as unknown as NoticeChannel
  channels.push(opened)
  return { channel: opened, heard }
}

test('a notice reaches the other contexts of the same database', async () => {
  const one = open('same')
  const two = open('same')
  const notice = {
    collections: ['notes'],
    records: [{ collection: 'notes', id: 'a', value: { id: 'a' } }],
    mutations: [{ mutationId: 'm', stage: 'stored' }],
    hasNewWrites: true,
  } as const
  one.channel.post({ type: 'notice', notice })
  expect(await two.heard).toEqual({ type: 'notice', notice })
})

test('a notice of large records says that any may be different', async () => {
  const one = open('large')
  const two = open('large')
  const records = [{ collection: 'notes', id: 'a', value: { id: 'a', text: 'x'.repeat(40_000) } }]
  const notice = { collections: ['notes'], mutations: [], hasNewWrites: false }
  one.channel.post({ type: 'notice', notice: { ...notice, records } })
  expect(await two.heard).toEqual({ type: 'notice', notice: { ...notice, records: 'all' } })
})

test('what another version of the app says is dropped, or read as far as it is understood', async () => {
  const { heard } = open('versions')
  const raw = new BroadcastChannel('web-sync:notices:versions')
  for (const strange of [null, 7, 'hello', {}, { type: 'notice' }, { type: 'notice', notice: { collections: 1 } }]) {
    raw.postMessage(strange)
  }
  raw.postMessage({
    type: 'notice',
    notice: { collections: ['notes', 3], records: [{ id: 7 }], mutations: [{ stage: 1 }], hasNewWrites: 'yes' },
  })
  expect(await heard).toEqual({
    type: 'notice',
    notice: { collections: ['notes'], records: 'all', mutations: [], hasNewWrites: false },
  })
  raw.close()
})

test('a wipe by another version of the app, which does not say what becomes of the database, removes nothing here', async () => {
  const { heard } = open('wiped')
  const raw = new BroadcastChannel('web-sync:notices:wiped')
  raw.postMessage({ type: 'wipe' })
  expect(await heard).toEqual({ type: 'wipe', isRemoved: false })
  raw.close()
})

test('after closing nothing is said, and nothing breaks', async () => {
  const one = open('closing')
  const two = open('closing')
  const three = open('closing')
  one.channel.close()
  one.channel.post({ type: 'wipe', isRemoved: true })
  three.channel.post({ type: 'ran', startedAtMs: 5 })
  expect(await two.heard).toEqual({ type: 'ran', startedAtMs: 5 })
})
