import { memoryStorage, sqliteStorage } from './index.ts'
import { testPages } from './testing/page-tests.fixture.ts'

testPages('memory', memoryStorage)
testPages('SQLite', () => sqliteStorage(':memory:'))
