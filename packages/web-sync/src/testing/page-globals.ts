/** The globals of a page that `openSpace` looks at, and a way to send events. */
export interface PageGlobals {
  /** By name; set each on `globalThis` for the time of a test (`vi.stubGlobal`, `mock.property`, …). */
  readonly globals: Readonly<Record<'location' | 'document' | 'addEventListener' | 'removeEventListener', unknown>>
  /** Sends an event to the page, e.g. 'online' when the network is back. */
  dispatch(type: 'online' | 'offline' | 'pagehide'): void
}

/**
 * What a page has and Node has not; in a browser, or with a simulated DOM, it is not needed.
 *
 * @example
 * const page = createPageGlobals()
 * for (const [name, value] of Object.entries(page.globals)) vi.stubGlobal(name, value)
 */
export function createPageGlobals(href = 'http://app.test/'): PageGlobals {
  const page = new EventTarget()
  return {
    globals: {
      location: { href },
      document: Object.assign(new EventTarget(), { visibilityState: 'visible' }),
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page),
    },
    dispatch: (type) => void page.dispatchEvent(new Event(type)),
  }
}
