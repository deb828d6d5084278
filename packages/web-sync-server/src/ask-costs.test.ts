import { memoryStorage, sqliteStorage } from './index.ts'
import { testAskCosts } from './testing/ask-cost-tests.fixture.ts'

testAskCosts('memory', memoryStorage)
testAskCosts('SQLite', () => sqliteStorage(':memory:'))
