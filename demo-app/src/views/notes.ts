import type { Actions } from '../app/actions.ts'
import type { AppState } from '../app/state.ts'
import { personName } from '../people.ts'
import { MAX_NOTE_LENGTH, type Note, type Place, REFUSED_WORD, type Visit } from '../schema.ts'
import { type Child, type VNode, h } from '../ui/dom.ts'
import { formatCoordinates, formatCountry, formatMoment, formatNumber, plural } from '../ui/format.ts'
import { icon } from '../ui/icons.ts'
import { findStage, stageBadge } from './badges.ts'

/** The notebook: the chosen place with its notes and visits, or the team's latest notes. */
export function notesView(state: AppState, actions: Actions): VNode {
  const { selected } = state
  return h(
    'main',
    { class: 'column notes', key: 'notes', id: 'notes', tabindex: '-1' },
    h(
      'figure',
      { class: 'world', key: 'world' },
      h('canvas', {
        id: 'world',
        unmanaged: true,
        role: 'img',
        'aria-label':
          selected === null
            ? 'A map of the world, drawn from the places on this device'
            : `${selected.name} on a map of the world`,
      }),
    ),
    h(
      'div',
      { class: 'page', key: selected?.id ?? 'none' },
      selected === null ? latest(state, actions) : placePage(state, selected, actions),
    ),
  )
}

function latest(state: AppState, actions: Actions): Child {
  return [
    h(
      'div',
      { class: 'page-head' },
      h('h1', {}, 'Where to?'),
      h(
        'p',
        { class: 'quiet' },
        'Choose a place from the list and write down what you found. The map above is drawn from the places that are on this device.',
      ),
    ),
    h('div', { class: 'section-head' }, h('h2', {}, 'Latest in the team’s notebook')),
    state.recent.length === 0
      ? h('p', { class: 'empty' }, 'Nobody has written anything yet.')
      : state.recent.map((note) => noteCard(state, note, actions, true)),
  ]
}

function placePage(state: AppState, place: Place, actions: Actions): Child {
  return [
    h(
      'div',
      { class: 'page-head' },
      h(
        'div',
        { class: 'row' },
        h(
          'button',
          { class: 'button plain compact', type: 'button', onclick: () => actions.leavePlace() },
          icon('back'),
          'Latest notes',
        ),
      ),
      h('h1', { id: 'place-heading' }, place.name),
      h(
        'div',
        { class: 'facts' },
        h('span', {}, formatCountry(place.country)),
        place.population > 0 ? h('span', { class: 'number' }, `${formatNumber(place.population)} people`) : null,
        h('span', { class: 'coordinates' }, formatCoordinates(place.lat, place.lon)),
      ),
    ),
    compose(state, actions),
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id: 'notes-heading', tabindex: '-1' }, 'Notes'),
      undoButton(state, actions),
    ),
    refusedHere(state, place, actions),
    state.notes.length === 0 ? h('p', { class: 'empty' }, 'Nothing is written about this place yet.') : null,
    state.notes.map((note) => noteCard(state, note, actions, false)),
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id: 'visits-heading', tabindex: '-1' }, 'Visits'),
      h('span', { class: 'quiet small' }, plural(state.visits.length, 'visit')),
    ),
    h(
      'ul',
      { class: 'visit-list', 'aria-label': 'Visits' },
      state.visits.map((visit) => visitChip(state, visit, actions)),
    ),
    h('p', {}, h('button', { class: 'button', type: 'button', onclick: () => actions.addVisit() }, 'I was here')),
  ]
}

/** Stays after the message with the same button is gone. */
function undoButton(state: AppState, actions: Actions): VNode | null {
  const last = state.undos.at(-1)
  if (last === undefined) return null
  return h(
    'button',
    { class: 'button plain compact', type: 'button', onclick: () => actions.undo() },
    `Undo ${last.label}`,
  )
}

function compose(state: AppState, actions: Actions): VNode {
  const submit = (event: Event): void => {
    event.preventDefault()
    actions.addNote()
  }
  return h(
    'form',
    { class: 'sheet writing', onsubmit: submit, key: 'compose' },
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'draft' }, 'New note'),
      h('textarea', {
        id: 'draft',
        value: state.draft,
        maxlength: MAX_NOTE_LENGTH,
        rows: 2,
        'aria-describedby': 'draft-hint',
        oninput: (event: InputEvent) => actions.type((event.target as HTMLTextAreaElement).value),
        onkeydown: (event: KeyboardEvent) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
        },
      }),
    ),
    h(
      'div',
      { class: 'form-foot' },
      h('button', { class: 'button primary', type: 'submit', disabled: state.draft.trim() === '' }, 'Save note'),
      textHint(state.draft, 'draft-hint', 'Stored on this device first, then sent.'),
    ),
  )
}

/** Says what the partner will do, before it does: the device stores such a note all the same. */
function textHint(text: string, id: string, otherwise: string): VNode {
  if (text.toLowerCase().includes(REFUSED_WORD)) {
    return h(
      'p',
      { class: 'hint', id, 'data-tone': 'warn' },
      `The partner will refuse this: its rule forbids the word “${REFUSED_WORD}”. Save it anyway to see what happens.`,
    )
  }
  if (text.length > MAX_NOTE_LENGTH - 200) {
    return h(
      'p',
      { class: 'hint', id, 'data-tone': 'warn' },
      `${formatNumber(MAX_NOTE_LENGTH - text.length)} characters left.`,
    )
  }
  return h('p', { class: 'hint', id }, otherwise)
}

function refusedHere(state: AppState, place: Place, actions: Actions): VNode | null {
  const count = state.refused.filter((entry) =>
    entry.ops.some(
      (op) => op.op !== 'delete' && (op.value['placeId'] === place.id || state.notes.some((note) => note.id === op.id)),
    ),
  ).length
  if (count === 0) return null
  return h(
    'p',
    { class: 'note', 'data-stage': 'refused', key: 'refused-here' },
    `${plural(count, 'write')} on this place ${count === 1 ? 'was' : 'were'} refused. `,
    h('button', { class: 'place-link', type: 'button', onclick: () => actions.show('attention') }, 'See what to do'),
  )
}

function noteCard(state: AppState, note: Note, actions: Actions, hasPlace: boolean): VNode {
  const isOwn = typeof state.person === 'object' && state.person?.id === note.author
  const write = findStage(state.writes, 'notes', note.id)
  return h(
    'article',
    {
      class: isOwn ? 'note own' : 'note',
      key: note.id,
      'data-testid': 'note',
      'data-stage': write?.stage ?? null,
      'aria-label': `Note by ${personName(note.author)}`,
    },
    state.editing?.id === note.id ? editForm(state.editing.text, actions) : h('p', { class: 'note-text' }, note.text),
    h(
      'div',
      { class: 'note-foot' },
      hasPlace
        ? h(
            'button',
            { class: 'place-link', type: 'button', onclick: () => actions.choosePlaceId(note.placeId) },
            note.placeName,
          )
        : null,
      h('span', {}, personName(note.author)),
      h('time', { datetime: new Date(note.createdAt).toISOString() }, formatMoment(note.createdAt)),
      note.editedAt === undefined
        ? null
        : h(
            'span',
            { key: 'edited', title: formatMoment(note.editedAt) },
            `edited by ${personName(note.editedBy ?? note.author)}`,
          ),
      stageBadge(write),
      state.editing?.id === note.id
        ? null
        : h(
            'span',
            { class: 'tools row', key: 'tools' },
            h(
              'button',
              {
                class: 'button plain compact',
                id: `edit-${note.id}`,
                type: 'button',
                onclick: () => actions.startEdit(note),
              },
              'Edit',
              hiddenText(` note by ${personName(note.author)}`),
            ),
            h(
              'button',
              { class: 'button plain compact danger', type: 'button', onclick: () => actions.deleteNote(note) },
              'Delete',
              hiddenText(` note by ${personName(note.author)}`),
            ),
          ),
    ),
  )
}

function editForm(text: string, actions: Actions): VNode {
  const submit = (event: Event): void => {
    event.preventDefault()
    actions.saveEdit()
  }
  return h(
    'form',
    { onsubmit: submit, key: 'edit' },
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'edit' }, 'Change the note'),
      h('textarea', {
        id: 'edit',
        value: text,
        maxlength: MAX_NOTE_LENGTH,
        rows: 3,
        'aria-describedby': 'edit-hint',
        oninput: (event: InputEvent) => actions.typeEdit((event.target as HTMLTextAreaElement).value),
        onkeydown: (event: KeyboardEvent) => {
          if (event.key === 'Escape') actions.cancelEdit()
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event)
        },
      }),
    ),
    textHint(text, 'edit-hint', ''),
    h(
      'div',
      { class: 'row' },
      h('button', { class: 'button primary compact', type: 'submit', disabled: text.trim() === '' }, 'Save'),
      h('button', { class: 'button compact', type: 'button', onclick: () => actions.cancelEdit() }, 'Cancel'),
    ),
  )
}

function visitChip(state: AppState, visit: Visit, actions: Actions): VNode {
  return h(
    'li',
    { class: 'visit', key: visit.id, 'data-testid': 'visit' },
    h('span', {}, personName(visit.author)),
    h('time', { class: 'quiet', datetime: new Date(visit.at).toISOString() }, formatMoment(visit.at)),
    stageBadge(findStage(state.writes, 'visits', visit.id)),
    h(
      'button',
      {
        type: 'button',
        'aria-label': `Delete the visit of ${personName(visit.author)}`,
        onclick: () => actions.deleteVisit(visit),
      },
      icon('remove'),
    ),
  )
}

function hiddenText(text: string): VNode {
  return h('span', { class: 'visually-hidden' }, text)
}
