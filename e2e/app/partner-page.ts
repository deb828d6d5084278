/** A page whose partner is in another worker of the same browser: two modules sync with each other through a port. */
import { openSpace } from 'web-sync'
import { schema } from './schema.ts'
import { TestSpace } from './test-app.ts'
import { trusted } from './trusted.ts'

/** What the scenario finds in the page. */
export interface PartnerPage {
  open(account: string): Promise<void>
  readonly space: TestSpace
}

declare global {
  // A declaration for the scenario; `var` is the only form that makes it a property of the page.
  var partnerPage: PartnerPage
}

let opened: TestSpace | null = null

/** Vite looks for this very text; see {@link trusted}. */
const SharedWorker = trusted(globalThis.SharedWorker)

globalThis.partnerPage = {
  get space() {
    if (opened === null) throw new Error('open it first')
    return opened
  },
  open: async (account) => {
    const { port } = new SharedWorker(new URL('./partner-worker.ts', import.meta.url), { type: 'module' })
    const space = await openSpace({
      schema,
      account,
      space: 'team',
      transportPort: port,
      getAuth: async () => ({ 'x-account': account }),
    })
    opened = new TestSpace(space)
  },
}
