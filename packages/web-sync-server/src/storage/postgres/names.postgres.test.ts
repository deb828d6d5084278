import { testNames } from '../../testing/names-tests.fixture.ts'
import { withPostgres } from '../../testing/postgres.fixture.ts'

const server = withPostgres()

testNames('PostgreSQL', () => server.storage())
