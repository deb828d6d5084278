import { memoryStorage, sqliteStorage } from './index.ts'
import { testNames } from './testing/names-tests.fixture.ts'

testNames('memory', memoryStorage)
testNames('SQLite', () => sqliteStorage(':memory:'))
