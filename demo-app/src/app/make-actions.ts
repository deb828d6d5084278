import type { UnsentChoice } from 'web-sync'
import type { FieldSpace } from '../data/device.ts'
import { makeNote } from '../data/device.ts'
import type { Person } from '../people.ts'
import type { Note, Place, Visit } from '../schema.ts'
import type { Actions, TroubleActions } from './actions.ts'
import { attempt } from './say.ts'
import type { Store, Undo, View } from './state.ts'

/** What the actions work on. */
export interface ActionParts {
  readonly store: Store
  /** The open spaces; throws while nobody is signed in. */
  readonly team: () => FieldSpace
  readonly places: () => FieldSpace
  readonly signIn: (account: string) => Promise<void>
  readonly signOut: (unsent: UnsentChoice) => Promise<void>
  readonly reload: () => void
  readonly trouble: TroubleActions
}

/** How many steps can be taken back. */
const MAX_UNDOS = 30

/** All that a person can do, on a store and two spaces. */
export function makeActions(parts: ActionParts): Actions {
  const { store } = parts
  const me = (): Person => store.get().person as Person
  const run = (work: () => Promise<void>): void => void attempt(store, work)
  const notes = (): FieldSpace['collections']['notes'] => parts.team().collections.notes
  const visits = (): FieldSpace['collections']['visits'] => parts.team().collections.visits

  /** Tells that something is done, and remembers how to take it back. */
  const done = (text: string, undo: Undo): void => {
    store.set({ undos: [...store.get().undos, undo].slice(-MAX_UNDOS), toast: { text, canUndo: true, tone: 'plain' } })
  }

  return {
    show: (view) => show(store, view),
    signIn: (account) => run(() => parts.signIn(account)),
    askToSignOut: (isSigningOut) => store.set({ isSigningOut }),
    signOut: (unsent) => run(() => parts.signOut(unsent)),
    search: (search) => store.set({ search }),
    sortBy: (sort) => store.set({ sort }),
    choose: (place) => choosePlace(store, place),
    choosePlaceId: (placeId) =>
      run(async () => {
        const place = await parts.places().collections.places.get(placeId)
        if (place === undefined) throw new Error('this place has not arrived on this device yet')
        choosePlace(store, place)
      }),
    leavePlace: () => store.set({ selected: null, editing: null }),
    type: (draft) => store.set({ draft }),
    addNote: () =>
      run(async () => {
        const { selected, draft } = store.get()
        if (selected === null || draft.trim() === '') return
        const note = makeNote(selected, me().id, draft.trim())
        await notes().insert(note)
        store.set({ draft: '' })
        done('Note saved on this device.', { label: 'new note', undo: async () => notes().delete(note.id) })
      }),
    addVisit: () =>
      run(async () => {
        const { selected } = store.get()
        if (selected === null) return
        const visit = makeVisit(selected, me().id)
        await visits().insert(visit)
        done('Visit saved on this device.', { label: 'visit', undo: async () => visits().delete(visit.id) })
      }),
    deleteNote: (note) =>
      run(async () => {
        await notes().delete(note.id)
        focusSoon('notes-heading')
        done('Note deleted.', { label: 'deleted note', undo: async () => notes().put(note) })
      }),
    deleteVisit: (visit) =>
      run(async () => {
        await visits().delete(visit.id)
        focusSoon('visits-heading')
        done('Visit deleted.', { label: 'deleted visit', undo: async () => visits().put(visit) })
      }),
    startEdit: (note) => {
      store.set({ editing: { id: note.id, text: note.text } })
      focusSoon('edit')
    },
    typeEdit: (text) => {
      const { editing } = store.get()
      if (editing !== null) store.set({ editing: { ...editing, text } })
    },
    saveEdit: () =>
      run(async () => {
        const { editing } = store.get()
        if (editing === null || editing.text.trim() === '') return
        const before = await notes().get(editing.id)
        store.set({ editing: null })
        focusSoon(`edit-${editing.id}`)
        if (before === undefined || before.text === editing.text.trim()) return
        await notes().patch(editing.id, { text: editing.text.trim(), editedAt: Date.now(), editedBy: me().id })
        done('Change saved on this device.', {
          label: 'change',
          undo: async () => notes().patch(before.id, undoEdit(before)),
        })
      }),
    cancelEdit: () => {
      const { editing } = store.get()
      store.set({ editing: null })
      if (editing !== null) focusSoon(`edit-${editing.id}`)
    },
    undo: () =>
      run(async () => {
        const { undos } = store.get()
        const last = undos.at(-1)
        if (last === undefined) return
        store.set({ undos: undos.slice(0, -1), toast: null })
        await last.undo()
        store.set({ toast: { text: `Taken back: ${last.label}.`, canUndo: false, tone: 'plain' } })
      }),
    closeToast: () => store.set({ toast: null }),
    retryRefused: (mutationId) => run(async () => parts.team().refused.retry(mutationId)),
    startMending: (mutationId, text) => {
      store.set({ mending: { mutationId, text } })
      focusSoon('mend')
    },
    typeMending: (text) => {
      const { mending } = store.get()
      if (mending !== null) store.set({ mending: { ...mending, text } })
    },
    saveMending: () => run(() => mend(store, parts.team())),
    cancelMending: () => store.set({ mending: null }),
    discardRefused: (mutationId) => run(() => parts.team().refused.discard(mutationId)),
    restoreSalvage: (choice) =>
      run(async () => {
        const count = await parts.team().salvage.restore(choice === 'all' ? 'all' : [choice])
        store.set({
          toast: { text: `${count} restored, and on the way to the server.`, canUndo: false, tone: 'plain' },
        })
      }),
    discardSalvage: (choice) => run(() => parts.team().salvage.discard(choice === 'all' ? 'all' : [choice])),
    syncNow: () => {
      parts.team().retry()
      parts.places().retry()
    },
    reload: parts.reload,
    trouble: parts.trouble,
  }
}

/** Sends a refused write again with another text. */
async function mend(store: Store, team: FieldSpace): Promise<void> {
  const { mending, refused } = store.get()
  const entry = refused.find((one) => one.mutationId === mending?.mutationId)
  if (mending === null || entry === undefined) return
  await team.refused.edit(entry.mutationId, (tx) => {
    for (const op of entry.ops) {
      if (op.collection !== 'notes') continue
      if (op.op === 'delete') tx.notes.delete(op.id)
      else if (op.op === 'patch') tx.notes.patch(op.id, { ...op.value, text: mending.text.trim() })
      else tx.notes.put({ ...(op.value as unknown as Note), text: mending.text.trim() })
    }
  })
  store.set({ mending: null })
}

/** Shows a page; on a phone the focus goes with it, so that a screen reader reads on there. */
function show(store: Store, view: View): void {
  store.set(view === 'places' || view === 'notes' ? { view } : { view, side: view })
  if (isNarrow()) focusSoon(view)
}

function choosePlace(store: Store, place: Place): void {
  store.set({ selected: place, draft: '', editing: null, view: 'notes' })
  if (isNarrow()) focusSoon('notes')
}

function undoEdit(before: Note): { text: string; editedAt: number | undefined; editedBy: string | undefined } {
  return { text: before.text, editedAt: before.editedAt, editedBy: before.editedBy }
}

/** A visit of now. */
export function makeVisit(place: Place, author: string): Visit {
  return { id: crypto.randomUUID(), placeId: place.id, placeName: place.name, author, at: Date.now() }
}

function isNarrow(): boolean {
  return !matchMedia('(min-width: 720px)').matches
}

/** After the change is drawn. */
function focusSoon(id: string): void {
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(id)?.focus()))
}
