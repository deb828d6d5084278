import { testPages } from '../../testing/page-tests.fixture.ts'
import { withPostgres } from '../../testing/postgres.fixture.ts'

const server = withPostgres()

testPages('PostgreSQL', () => server.storage())
