/**
 * Field notes, the page: joins the store, the views and the spaces.
 *
 * With `?test` in the address, tests find the open spaces as `window.__fieldNotes`. With `?clone=<id>` the page first becomes a copy of
 * another device (see the panel «Make trouble»).
 */
import './trust.ts'
import { registerServiceWorker } from 'web-sync/register'
import { makeActions } from './app/make-actions.ts'
import { type AppState, INITIAL_STATE, createStore } from './app/state.ts'
import { makeTroubleActions } from './app/trouble-actions.ts'
import { askSession, askTrouble, inspectServer, pickUpClone, signIn, signOut } from './data/demo-server.ts'
import { type Device, type FieldSpace, openDevice } from './data/device.ts'
import { rememberPerson, rememberedPerson } from './data/remembered-person.ts'
import { createWorkerHandle } from './data/worker-handle.ts'
import type { Person } from './people.ts'
import { importDatabases } from './trouble/clone.ts'
import { render } from './ui/dom.ts'
import { createWorld } from './ui/world.ts'
import { shellView } from './views/shell.ts'
import { signInView } from './views/sign-in.ts'

/** How long a message stays, in milliseconds; what it offers can be had elsewhere afterwards. */
const TOAST_MS = 9_000
/** How often an open panel asks both sides again, in milliseconds. */
const PANEL_EVERY_MS = 1_500

const root = document.getElementById('app') as HTMLElement
const world = createWorld()
let worker = createWorkerHandle()
let device: Device | null = null
let shownToast: AppState['toast'] = null
let lanesWidth = 0
let toastTimer: ReturnType<typeof setTimeout> | undefined

const store = createStore(INITIAL_STATE, (state) => {
  const { person } = state
  device?.follow(state)
  endToastLater(state.toast)
  if (person === 'unknown') return
  render(root, person === null ? signInView(actions) : shellView(state, person, actions))
  world.setChosen(state.selected)
  showNewestCheckpoints()
  document.title = state.selected === null ? 'Field notes' : `${state.selected.name} · Field notes`
})

const openSpaces = (): Device => {
  if (device === null) throw new Error('nobody is signed in')
  return device
}
const team = (): FieldSpace => openSpaces().team
const places = (): FieldSpace => openSpaces().places

const actions = makeActions({
  store,
  team,
  places,
  signIn: async (account) => {
    const person = await signIn(account)
    if (person === null) throw new Error('the server cannot be reached, and only it can let you in')
    if (device === null) await enter(person)
    else if (isSignedInAs(person)) actions.syncNow()
    else location.reload()
  },
  signOut: async (unsent) => {
    const result = await openSpaces().signOut(unsent)
    if (result.type === 'unsent') {
      const left = result.spaces.reduce((sum, one) => sum + one.unsent, 0)
      throw new Error(`${left} could not be sent (${result.reason}); everything is still here`)
    }
    rememberPerson(null)
    device = null
    // Offline the server cannot be told; its cookie alone shows nothing of this device.
    await signOut().catch(() => undefined)
    store.set({ ...INITIAL_STATE, hasTrouble: store.get().hasTrouble, person: null })
  },
  reload: () => registered.activateUpdate(),
  trouble: makeTroubleActions({
    store,
    team,
    places,
    killWorker: async () => {
      const person = store.get().person as Person
      worker.kill()
      openSpaces().abandon()
      worker = createWorkerHandle()
      await enter(person)
    },
  }),
})

const registered = { activateUpdate: (): void => location.reload() }

await start()

async function start(): Promise<void> {
  await becomeClone()
  const remembered = rememberedPerson()
  // Offline the device knows who it is; the server is asked all the same, since only it knows about the panels.
  if (remembered !== null) await enter(remembered)
  const session = await askSession()
  store.set({ hasTrouble: session?.hasTrouble ?? false })
  if (remembered === null) {
    if (session?.person == null) store.set({ person: null })
    else await enter(session.person)
  }
  listenToKeys()
  setInterval(() => void refreshPanels(), PANEL_EVERY_MS)
  await registerShell()
}

async function enter(person: Person): Promise<void> {
  device = await openDevice(person, worker, store, world.setPlaces)
  rememberPerson(person)
  store.set({ person })
  if (new URLSearchParams(location.search).has('test')) {
    Object.assign(globalThis, {
      __fieldNotes: { spaces: { team: device.team, places: device.places }, store, actions },
    })
  }
}

function isSignedInAs(person: Person): boolean {
  const current = store.get().person
  return typeof current === 'object' && current?.id === person.id
}

/** `?clone=<id>`: this browser becomes a copy of another one, before anything of it is opened. */
async function becomeClone(): Promise<void> {
  const address = new URL(location.href)
  const id = address.searchParams.get('clone')
  if (id === null) return
  const content = await pickUpClone(id)
  if (content !== null) await importDatabases(content)
  address.searchParams.delete('clone')
  history.replaceState(null, '', address)
}

/** Asks both sides for what the open panels show. */
async function refreshPanels(): Promise<void> {
  const { view, side, person, hasTrouble } = store.get()
  if (document.visibilityState !== 'visible' || typeof person !== 'object' || person === null || device === null) return
  const isWide = matchMedia('(min-width: 1080px)').matches
  const shows = (panel: 'hood' | 'trouble'): boolean => view === panel || (isWide && side === panel)
  if (shows('hood')) {
    const [inspection, server] = await Promise.all([device.team.inspect(), inspectServer()])
    store.set({ inspection, server })
  }
  if (hasTrouble && shows('trouble')) store.set({ trouble: await askTrouble() })
}

/** The newest checkpoints are at the right end: scrolled to whenever the drawing has grown. */
function showNewestCheckpoints(): void {
  const lanes = document.getElementById('lanes')
  if (lanes === null || lanes.scrollWidth === lanesWidth || lanes.clientWidth === 0) return
  lanesWidth = lanes.scrollWidth
  lanes.scrollLeft = lanesWidth
}

/** Each message stays for a while, unless the focus is in it. */
function endToastLater(toast: typeof shownToast): void {
  if (toast === shownToast) return
  shownToast = toast
  clearTimeout(toastTimer)
  if (toast === null) return
  const end = (): void => {
    if (document.activeElement?.closest('.toast') === null) store.set({ toast: null })
    else toastTimer = setTimeout(end, TOAST_MS)
  }
  toastTimer = setTimeout(end, TOAST_MS)
}

function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select')
    if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !isTyping) {
      event.preventDefault()
      actions.undo()
    }
    if (event.key === '/' && !isTyping) {
      event.preventDefault()
      actions.show('places')
      document.getElementById('search')?.focus()
    }
  })
}

async function registerShell(): Promise<void> {
  if (import.meta.env.DEV) return
  const shell = await registerServiceWorker({
    url: '/sw.js',
    onUpdateWaiting: () => store.set({ isUpdateReady: true }),
    onUpdated: () => location.reload(),
  })
  registered.activateUpdate = () => shell.activateUpdate()
}
