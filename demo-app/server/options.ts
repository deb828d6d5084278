import { parseArgs } from 'node:util'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

/** What the server is started with. */
export interface ServerOptions {
  readonly port: number
  readonly host: string
  /** Folder of the databases. */
  readonly data: string
  /** Folder of the built demo. */
  readonly site: string
  /** How many places are brought in. */
  readonly places: number
  /** True if the panel «Make trouble» may break things. */
  readonly hasTrouble: boolean
}

/** The help text. */
export const USAGE = `Field notes: the demo of web-sync, with its partner.

  --port N       port to listen on, 0 for any free one    (default 8787)
  --host NAME    address to listen on                     (default localhost)
  --data DIR     where the databases live                 (default demo-app/data)
  --places N     bring in only the first N places, for tests   (default all)
  --no-trouble   leave the panel «Make trouble» out
  --help         this text
`

/** Reads the command line; throws an Error that says what to change. */
export function readOptions(args: readonly string[]): ServerOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      port: { type: 'string', default: '8787' },
      host: { type: 'string', default: 'localhost' },
      data: { type: 'string' },
      places: { type: 'string' },
      trouble: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('--port must be a number from 0 to 65535')
  const places = values.places === undefined ? Number.POSITIVE_INFINITY : Number(values.places)
  if (!(places >= 0)) throw new Error('--places must be a number')
  const app = fileURLToPath(new URL('..', import.meta.url))
  return {
    port,
    host: values.host,
    data: values.data ?? join(app, 'data'),
    site: join(app, 'dist'),
    places,
    hasTrouble: values.trouble,
  }
}
