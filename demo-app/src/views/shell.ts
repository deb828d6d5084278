import type { Actions } from '../app/actions.ts'
import type { AppState, View } from '../app/state.ts'
import type { Person } from '../people.ts'
import { type Child, type VNode, createMemo, h } from '../ui/dom.ts'
import { formatTime } from '../ui/format.ts'
import { icon, mark } from '../ui/icons.ts'
import { attentionView, countAttention } from './attention.ts'
import { describeSync } from './badges.ts'
import { hoodView } from './hood.ts'
import { notesView } from './notes.ts'
import { placesView } from './places.ts'
import { troubleView } from './trouble.ts'

/** Columns whose part of the state is the same are not drawn again: a list of a hundred places costs nothing while one types a note. */
const memo = createMemo()

/** The whole app for a signed-in person. */
export function shellView(state: AppState, person: Person, actions: Actions): Child {
  return [
    h('a', { class: 'skip button', href: '#notes', key: 'skip' }, 'Skip to the notes'),
    h(
      'div',
      { class: 'shell', 'data-view': state.view, 'data-side': state.side, key: 'shell' },
      masthead(state, person, actions),
      h(
        'div',
        { class: 'columns' },
        memo(
          'places',
          [state.places, state.isPlacesPartial, state.search, state.sort, state.selected, state.placesStatus],
          () => placesView(state, actions),
        ),
        memo(
          'notes',
          [
            state.selected,
            state.notes,
            state.visits,
            state.recent,
            state.writes,
            state.refused,
            state.draft,
            state.editing,
            state.undos,
            state.person,
          ],
          () => notesView(state, actions),
        ),
        memo('attention', [state.refused, state.salvage, state.writes, state.mending, state.team?.setAside], () =>
          attentionView(state, actions),
        ),
        memo('hood', [state.inspection, state.server, state.person], () => hoodView(state, actions)),
        state.hasTrouble
          ? memo('trouble', [state.trouble, state.troubleNote, state.person], () => troubleView(state, actions))
          : null,
      ),
      tabs(state, actions),
    ),
    toast(state, actions),
  ]
}

function masthead(state: AppState, person: Person, actions: Actions): VNode {
  const sync = describeSync(state.team, state.placesStatus)
  const last = state.team?.lastSyncAtMs ?? null
  return h(
    'header',
    { class: 'top' },
    h(
      'div',
      { class: 'masthead' },
      h('div', { class: 'brand' }, mark(), h('span', { class: 'wordmark' }, 'Field notes')),
      h('span', { class: 'spacer' }),
      h(
        'div',
        {
          role: 'status',
          'aria-label': 'Sync',
          class: 'sync',
          'data-tone': sync.tone,
          'data-testid': 'sync-state',
          title: last === null ? '' : `Last sync at ${formatTime(last)}`,
        },
        h('span', { class: 'dot', 'aria-hidden': 'true' }),
        h('span', {}, sync.text),
      ),
      h(
        'div',
        { class: 'who' },
        h('span', { class: 'monogram', 'aria-hidden': 'true' }, person.name.slice(0, 1)),
        h(
          'span',
          { class: 'who-text' },
          h('strong', {}, person.name),
          h('br'),
          h('span', { class: 'quiet' }, person.teamName),
        ),
        h(
          'button',
          {
            class: 'button plain compact',
            type: 'button',
            onclick: () => actions.askToSignOut(true),
          },
          'Sign out',
        ),
      ),
    ),
    notices(state, person, actions),
  )
}

function notices(state: AppState, person: Person, actions: Actions): readonly (VNode | null)[] {
  const { team } = state
  const evicted = team?.storage.evictedAtMs ?? null
  return [
    state.isSigningOut ? signOutBanner(state, actions) : null,
    state.isUpdateReady
      ? banner('update', 'plain', 'A new version of Field notes is ready.', ['Load it', () => actions.reload()])
      : null,
    team?.halt === 'sign-in'
      ? banner(
          'sign-in',
          'bad',
          `The server does not know you any more. Your writes are safe here; they go out when ${person.name} signs in again.`,
          [`Sign in as ${person.name}`, () => actions.signIn(person.id)],
        )
      : null,
    team?.halt === 'account-mismatch'
      ? banner(
          'mismatch',
          'bad',
          `Someone else is signed in on the server. Nothing of ${person.name}’s is sent under another name.`,
          [`Sign in as ${person.name}`, () => actions.signIn(person.id)],
        )
      : null,
    team?.halt === 'access-ended'
      ? banner(
          'access',
          'bad',
          `Your access to ${person.teamName} has ended. Its records were removed from this device; your unsent words are under Attention.`,
          ['Try again', () => actions.syncNow()],
        )
      : null,
    team !== null && (team.state === 'waiting' || team.state === 'degraded')
      ? banner('waiting', 'plain', waitingText(state), ['Try now', () => actions.syncNow()])
      : null,
    evicted === null
      ? null
      : banner(
          'evicted',
          'bad',
          `The browser had removed this device’s copy (noticed at ${formatTime(evicted)}). It is being loaded again.`,
        ),
  ]
}

/** What becomes of the data on this device is the person's choice. */
function signOutBanner(state: AppState, actions: Actions): VNode {
  const unsent = (state.team?.pending ?? 0) + (state.team?.refused ?? 0)
  const left = unsent === 0 ? 'Everything is on the server.' : `${unsent} of your writes are not on the server.`
  return banner(
    'sign-out',
    'plain',
    `${left} What about your data on this device?`,
    ['Keep it for next time', () => actions.signOut('keep')],
    ['Send, then remove', () => actions.signOut('send-first')],
    ['Remove my data', () => actions.signOut('discard')],
    ['Stay', () => actions.askToSignOut(false)],
  )
}

function waitingText(state: AppState): string {
  const waitUntil = state.team?.wait?.untilMs ?? null
  const next = waitUntil === null ? '' : ` Next try at ${formatTime(waitUntil)}.`
  return `No exchange with the server right now. Everything you write is kept on this device.${next}`
}

function banner(
  key: string,
  tone: 'plain' | 'bad',
  text: string,
  ...buttons: readonly (readonly [string, () => void])[]
): VNode {
  return h(
    'div',
    { class: 'banner', 'data-tone': tone, key, role: tone === 'bad' ? 'alert' : null },
    h('p', {}, text),
    buttons.map(([label, onclick]) => h('button', { class: 'button compact', type: 'button', onclick }, label)),
  )
}

function tabs(state: AppState, actions: Actions): VNode {
  const count = countAttention(state)
  const tab = (view: View, text: readonly [more: string, text: string], onlyPhone: boolean, badge: number = 0): VNode =>
    h(
      'button',
      {
        class: onlyPhone ? 'tab only-phone' : 'tab',
        type: 'button',
        key: view,
        'aria-current': isCurrent(state, view) ? 'page' : null,
        onclick: () => actions.show(view),
      },
      icon(view),
      h('span', { class: 'tab-text' }, text[0] === '' ? null : h('span', { class: 'more' }, `${text[0]} `), text[1]),
      badge > 0 ? h('span', { class: 'count' }, badge, h('span', { class: 'visually-hidden' }, ' to look at')) : null,
    )
  return h(
    'nav',
    { class: 'tabs', 'aria-label': 'Pages' },
    tab('places', ['', 'Places'], true),
    tab('notes', ['', 'Notes'], false),
    tab('attention', ['', 'Attention'], false, count),
    tab('hood', ['Under the', 'hood'], false),
    state.hasTrouble ? tab('trouble', ['Make', 'trouble'], false) : null,
  )
}

function isCurrent(state: AppState, view: View): boolean {
  if (state.view === view) return true
  return matchMedia('(min-width: 1080px)').matches && (view === 'notes' || view === state.side)
}

function toast(state: AppState, actions: Actions): VNode {
  const shown = state.toast
  return h(
    'div',
    { role: 'status', 'aria-live': 'polite', key: 'toast-region' },
    shown === null
      ? null
      : h(
          'div',
          { class: 'toast', 'data-testid': 'toast' },
          h('p', {}, shown.text),
          shown.canUndo
            ? h('button', { class: 'button compact', type: 'button', onclick: () => actions.undo() }, 'Undo')
            : null,
          h(
            'button',
            {
              class: 'button compact',
              type: 'button',
              onclick: () => actions.closeToast(),
              'aria-label': 'Close this message',
            },
            icon('remove'),
          ),
        ),
  )
}
