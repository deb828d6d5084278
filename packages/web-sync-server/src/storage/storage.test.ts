import { describe, expect, it } from 'vitest'
import { testPartnerStorage } from '../testing/index.ts'
import { tempFile } from '../testing/test-partner.fixture.ts'
import { memoryStorage } from './memory-storage.ts'
import { sqliteStorage } from './sqlite/index.ts'

testPartnerStorage('memory', () => memoryStorage(), { describe, it, expect })
testPartnerStorage('SQLite', () => sqliteStorage(tempFile()), { describe, it, expect })
