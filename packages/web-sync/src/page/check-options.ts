import { isAppName, isName, LIMITS } from 'sync-protocol'
import { SyncError } from '../contract/index.ts'

/** What names a store. */
interface NamingOptions {
  readonly schema: { readonly app: string }
  readonly account: string
  readonly space: string
}

/** Throws `invalid-option` if the app, the account or the space has a name that no partner would take. Nothing was opened or stored. */
export function checkNames({ schema, account, space }: NamingOptions): void {
  const given = (schema as Partial<NamingOptions['schema']> | undefined)?.app
  if (!isAppName(given)) throw invalid('/schema/app', 'the schema needs the name of its app: defineSchema({ app, … })')
  for (const [option, name] of Object.entries({ account, space })) {
    const message = `\`${option}\` must be a text of 1 to ${LIMITS.nameLength} well-formed characters`
    if (!isName(name)) throw invalid(`/${option}`, message)
  }
}

function invalid(path: string, message: string): SyncError {
  return new SyncError('invalid-option', `openSpace: ${message}. Nothing was opened.`, { path })
}
