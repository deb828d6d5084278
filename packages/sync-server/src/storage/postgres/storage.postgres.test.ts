import { describe, expect, it } from 'vitest'
import { testPartnerStorage } from '../../testing/index.ts'
import { withPostgres } from '../../testing/postgres.fixture.ts'

const server = withPostgres()

testPartnerStorage('PostgreSQL', () => server.storage(), { describe, it, expect })
