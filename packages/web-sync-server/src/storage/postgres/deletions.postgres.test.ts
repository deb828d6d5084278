import { testDeletions } from '../../testing/deletion-tests.fixture.ts'
import { withPostgres } from '../../testing/postgres.fixture.ts'

const server = withPostgres()

testDeletions('PostgreSQL', () => server.storage())
