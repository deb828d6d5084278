import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Schema } from 'web-sync-protocol'
import type { Allow, Authorize } from '../contract/index.ts'
import type { Authenticate } from '../http/authenticate.ts'
import { CliError } from './cli-error.ts'

/**
 * What the file named by `--partner` exports: a TypeScript or JavaScript module, so a schema file that also exports the hooks is enough.
 */
export interface PartnerFile {
  readonly schema: Schema
  readonly authenticate: Authenticate
  readonly authorize: Authorize
  readonly allow?: Allow
}

/** Loads a partner file. Throws a CliError that says what is missing. */
export async function loadPartnerFile(path: string): Promise<PartnerFile> {
  const loaded = await load(path)
  const { schema, authenticate, authorize, allow } = loaded
  if (typeof schema !== 'object' || schema === null || !('collections' in schema)) {
    throw new CliError(`${path} must export 'schema', made by defineSchema.`)
  }
  for (const [name, hook] of Object.entries({ authenticate, authorize })) {
    if (typeof hook !== 'function') {
      throw new CliError(`${path} must export the function '${name}': without it the partner does not start.`)
    }
  }
  if (allow !== undefined && typeof allow !== 'function') throw new CliError(`${path}: 'allow' must be a function.`)
  return loaded as unknown as PartnerFile
}

async function load(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>
  } catch (cause) {
    throw new CliError(`Cannot load ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
