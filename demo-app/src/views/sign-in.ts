import type { Actions } from '../app/actions.ts'
import { PEOPLE } from '../people.ts'
import { type VNode, h } from '../ui/dom.ts'
import { mark } from '../ui/icons.ts'

/** The door: who are you today? */
export function signInView(actions: Actions): VNode {
  return h(
    'main',
    { class: 'door', key: 'door' },
    h(
      'div',
      { class: 'door-sheet' },
      h('div', { class: 'brand' }, mark(), 'Field notes'),
      h('h1', {}, 'Who is in the field today?'),
      h(
        'p',
        {},
        'A notebook on 135,233 places that works without a network and never loses what you wrote. Ada, Ben and Chidi share one notebook, Dora’s team has another. There are no passwords here: it is a demo.',
      ),
      h(
        'ul',
        { class: 'people' },
        PEOPLE.map((person) =>
          h(
            'li',
            {},
            h(
              'button',
              { class: 'person', type: 'button', onclick: () => actions.signIn(person.id) },
              h('span', { class: 'monogram', 'aria-hidden': 'true' }, person.name.slice(0, 1)),
              h(
                'span',
                {},
                h('span', { class: 'name' }, person.name),
                h('span', { class: 'quiet small' }, person.role),
              ),
              h('span', { class: 'quiet small' }, person.teamName),
            ),
          ),
        ),
      ),
    ),
  )
}
