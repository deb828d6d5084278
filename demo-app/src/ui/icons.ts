import { type VNode, h } from './dom.ts'

const PATHS = {
  places:
    'M12 21s-6.5-5.6-6.5-10.5a6.5 6.5 0 0 1 13 0C18.500 15.400 12 21 12 21Zm0-8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z',
  notes: 'M6 3.500h12v17H6zM9 8h6M9 12h6M9 16h4M3.800 7.500h3M3.800 12h3M3.800 16.500h3',
  attention: 'M5 4v17M5 5h12.500l-3 4 3 4H5',
  hood: 'M6 6.500h.01M18 6.500h.01M6 17.500h.01M18 17.500h.01M8 6.500h8M8 17.500h8M18 9c0 4-12 2-12 6.500',
  trouble: 'm13 3-7.500 10.500H11L10 21l8-11h-5.500z',
  remove: 'M7 7l10 10M17 7 7 17',
  back: 'M15 5l-7 7 7 7',
} as const

/** An icon, for eyes only: beside each stands a text. */
export function icon(name: keyof typeof PATHS): VNode {
  return h(
    'svg',
    {
      viewBox: '0 0 24 24',
      width: 20,
      height: 20,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 1.7,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
      'aria-hidden': 'true',
      focusable: 'false',
    },
    h('path', { d: PATHS[name] }),
  )
}

/** The mark: contour lines round a summit. */
export function mark(): VNode {
  return h(
    'svg',
    {
      viewBox: '0 0 32 32',
      fill: 'none',
      'stroke-width': 1.6,
      'aria-hidden': 'true',
      focusable: 'false',
      class: 'mark',
    },
    h('path', {
      d: 'M16 2.500c7.300 0 13.500 4.600 13.500 11.900S24.200 29.500 16.800 29.500 2.500 24.600 2.500 16.600 8.700 2.500 16 2.500Z',
      stroke: 'var(--contour)',
    }),
    h('path', {
      d: 'M17 7.200c5 .1 8.300 3.300 8.100 7.700-.2 5-4.200 9.300-8.900 9.200-4.900-.1-8.700-3.300-8.600-7.900.1-5 4.100-9.100 9.400-9Z',
      stroke: 'var(--contour)',
    }),
    h('path', {
      d: 'M17.500 12c2.500.1 3.800 1.600 3.600 3.700-.3 2.300-2.200 4-4.400 3.900-2.300-.1-3.900-1.700-3.700-3.800.2-2.200 2.200-3.900 4.500-3.800Z',
      fill: 'var(--forest)',
      stroke: 'var(--forest)',
    }),
  )
}
