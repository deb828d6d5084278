import { memoryStorage, sqliteStorage } from './index.ts'
import { testDeletions } from './testing/deletion-tests.fixture.ts'

testDeletions('memory', memoryStorage)
testDeletions('SQLite', () => sqliteStorage(':memory:'))
