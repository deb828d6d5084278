import type { Browser } from '@playwright/test'
import { Browsers } from './devices/browsers.ts'
import { PartnerServer } from './partner-server.ts'
import { PostgresSite } from './postgres/postgres-site.ts'
import type { RoundResult } from './result.ts'
import { Round } from './round.ts'
import type { Site } from './site.ts'
import { SqliteSite } from './sqlite-site.ts'
import { VARIANTS } from './variants/index.ts'

/** What is to be done. */
export interface FailoverOptions {
  readonly rounds: number
  readonly storage: 'postgres' | 'sqlite'
  /** Names of {@link VARIANTS}; rounds take turns. */
  readonly variants: readonly string[]
  /** Each so many-th round has its devices in real browsers; 0: none. */
  readonly browserEvery: number
  /** PostgreSQL's clusters are not put into memory, even if there is room. */
  readonly onDisk: boolean
  readonly onRound: (result: RoundResult) => void
}

/** Runs rounds one after the other, on one site that is made whole after each. */
export async function runRounds(options: FailoverOptions): Promise<readonly RoundResult[]> {
  const site: Site = options.storage === 'sqlite' ? await SqliteSite.open() : await PostgresSite.open(options.onDisk)
  const server = new PartnerServer()
  const results: RoundResult[] = []
  const browsers = new Browsers()
  try {
    await server.open()
    for (let number = 1; number <= options.rounds; number += 1) {
      const name = options.variants[(number - 1) % options.variants.length] ?? ''
      const hasBrowser = options.browserEvery > 0 && number % options.browserEvery === 0
      const result = await runRound(site, server, { variant: name, number }, hasBrowser ? await browsers.get() : null)
      results.push(result)
      options.onRound(result)
    }
  } finally {
    await browsers.close()
    await server.close()
    await site.close()
  }
  return results
}

async function runRound(
  site: Site,
  server: PartnerServer,
  name: { readonly variant: string; readonly number: number },
  browser: Browser | null,
): Promise<RoundResult> {
  const variant = VARIANTS[name.variant]
  if (variant === undefined)
    throw new Error(`no variant ${name.variant}; there are ${Object.keys(VARIANTS).join(', ')}`)
  await server.drop()
  await site.makeWhole(name.variant === 'backup' ? 'backup' : 'standby')
  server.use(await site.openStorage())
  const round = new Round(site, server, name, browser)
  try {
    await variant(round)
    return await round.finish()
  } finally {
    await round.close()
  }
}
