import { testAskCosts } from '../../testing/ask-cost-tests.fixture.ts'
import { withPostgres } from '../../testing/postgres.fixture.ts'

const server = withPostgres()

testAskCosts('PostgreSQL', () => server.storage())
