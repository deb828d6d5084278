import { openSpace, SyncError } from 'web-sync'
import { registerServiceWorker } from 'web-sync/register'
import { schema } from './schema.ts'

const space = await openSpace({ schema, space: 'team-1', account: 'ada', endpoint: '/sync' })
const { notes } = space.collections
void registerServiceWorker({ url: '/sw.js' })

const form = document.querySelector('form')!
const input = document.querySelector('input')!
const list = document.querySelector('ul')!
const output = document.querySelector('output')!

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void save(input.value)
})

async function save(text: string): Promise<void> {
  const write = notes.insert({ id: crypto.randomUUID(), text, createdAtMs: Date.now() })
  try {
    await write // on this device, for good: the person may close the tab
    form.reset()
    await write.accepted // the server has it; offline this takes as long as it takes
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    output.textContent = `${error.code}: ${error.message}` // e.g. 'quota-exceeded', 'invalid-value', 'refused'
  }
}

// Live: called again when this tab, another tab or the server changes a note.
notes.query({ index: 'byTime' }).subscribe(({ records }) => {
  list.replaceChildren(...records.map(({ text }) => Object.assign(document.createElement('li'), { textContent: text })))
})

space.status.subscribe(({ state, halt, pending, refused }) => {
  output.textContent = `${halt ?? state}, ${pending} to send, ${refused} refused`
})
